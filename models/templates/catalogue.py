"""All event templates, in the order in which they are named to people."""

from models.templates.call_api import CALL_API
from models.templates.churn_risk import CHURN_RISK
from models.templates.churn_save import CHURN_SAVE
from models.templates.customer_sync import CUSTOMER_SYNC
from models.templates.expansion import EXPANSION
from models.templates.failed_payment import FAILED_PAYMENT
from models.templates.onboarding import ONBOARDING
from models.templates.template import Template

_ALL = (
    CHURN_SAVE,
    CHURN_RISK,
    FAILED_PAYMENT,
    EXPANSION,
    ONBOARDING,
    CUSTOMER_SYNC,
    CALL_API,
)

TEMPLATES: dict[str, Template] = {each.name: each for each in _ALL}
