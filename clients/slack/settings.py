"""Settings of Slack."""

from pydantic import Field, SecretStr

from clients.kit.settings import Secrets, SystemSettings, Url


class Slack(SystemSettings):
    bot_token: SecretStr = Field(description="Bot token, xoxb-...")
    base_url: Url = Field(default="https://slack.com/api/", description="Web API")
    ops_channel: str | None = Field(
        default=None, description="Channel for what the people who run this must see, id or #name"
    )
    settle_seconds: float = Field(
        default=3.0, description="Wait before looking whether an unanswered message arrived"
    )
    signing_secrets: Secrets = Field(
        default=[],
        description="Signing secret of the app, by which clicks on buttons are known to be Slack's; two"
        " while it changes",
    )
    app_token: SecretStr | None = Field(
        default=None,
        description="App-level token, xapp-..., for Socket Mode: clicks reach us without a public address",
    )
