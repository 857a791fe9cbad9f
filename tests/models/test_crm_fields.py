"""What to do about fields that are not ready."""

from models.crm_fields import Unfit, not_ready

WRONG = Unfit("contacts", "chartmogul_mrr", "is text, and takes no number")
MISSING = Unfit("contacts", "chartmogul_plans", "is missing", missing=True)


def test_what_can_be_made_is_to_be_made() -> None:
    assert not_ready("hubspot", [WRONG, MISSING]).endswith(
        "`mogulflow crm prepare hubspot` makes what is missing."
    )


def test_a_field_of_the_wrong_kind_is_for_a_person_to_correct() -> None:
    assert not_ready("hubspot", [WRONG]) == (
        "Fields are not ready: contacts.chartmogul_mrr: is text, and takes no number."
        " Correct the field, or take it out of config/crm.yaml."
    )
