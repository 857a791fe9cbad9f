"""Who acts at the machine."""

import os

import pytest

from operations.person import who


@pytest.mark.skipif(os.name == "nt", reason="the system knows its users by other means")
def test_the_environment_does_not_say_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = who()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert who() == said
    assert not said.startswith("somebody-else@")
