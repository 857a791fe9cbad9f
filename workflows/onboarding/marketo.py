"""Enrol the contact in Marketo: the lead first, then its membership by the route's way."""

from activities.marketo.steps import MarketoActivities
from models.crm_facts import CustomerFacts
from models.effects import Effect, Mode
from models.marketo import Enrolment, LeadWrite
from models.templates.onboarding import MarketoOptions
from workflows.engine.acting import Acting
from workflows.engine.once import once
from workflows.engine.steps import step


async def enrol(
    acting: Acting, options: MarketoOptions, email: str, facts: CustomerFacts | None = None
) -> None:
    """What fails for good is a problem of the run; without a lead nobody is enrolled. `facts` are for the
    fields that the route maps them to."""
    lead = await acting.log.attempt(_upsert_lead(acting, options, email, facts))
    if lead is None:
        return
    way, target = options.chosen
    enrolment = Enrolment(
        **acting.write("enrolment"),
        lead_id=lead.object_id,
        email=email,
        way=way,
        target=target,
        status=options.status,
    )
    await acting.log.attempt(_enrol(acting, enrolment))


async def _upsert_lead(
    acting: Acting, options: MarketoOptions, email: str, facts: CustomerFacts | None
) -> Effect:
    write = LeadWrite(
        **acting.write("lead"), email=email, fields=options.fields, facts=facts, mapping=options.facts
    )
    return await step(MarketoActivities.upsert_lead, write, summary="Save the lead in Marketo")


async def _enrol(acting: Acting, enrolment: Enrolment) -> Effect:
    summary = f"Enrol in {enrolment.target}"[:100]
    if enrolment.way != "campaign":
        return await step(MarketoActivities.enrol, enrolment, summary=summary)
    if acting.mode is Mode.PREVIEW:
        return await step(MarketoActivities.request_campaign, enrolment, summary=summary)
    return await once(MarketoActivities.request_campaign, enrolment, Effect, summary=summary)
