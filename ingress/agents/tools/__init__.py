"""What agents may do: a module for each intention. Names never change."""

from collections.abc import Sequence

from ingress.agents.declaration import Tool
from ingress.agents.tools import (
    change_tags,
    get_churn,
    get_cohorts,
    get_customer,
    get_mrr_movements,
    get_run,
    get_subscription_metrics,
    import_subscription_events,
    list_subscriptions,
    merge_or_delete_customer,
    save_customer,
    set_custom_attributes,
    undo_run,
    watch_metric,
)

TOOLS: Sequence[Tool] = tuple(
    each.TOOL
    for each in (
        get_subscription_metrics,
        get_customer,
        get_churn,
        get_mrr_movements,
        list_subscriptions,
        get_cohorts,
        save_customer,
        import_subscription_events,
        set_custom_attributes,
        change_tags,
        merge_or_delete_customer,
        watch_metric,
        get_run,
        undo_run,
    )
)
