"""What every client must do with whatever its system does. One subclass per system; simulators are real
processes on a real port. A client never repeats a call by itself: each test counts the calls."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from clients.kit.errors import (
    IntegrationError,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Rejected,
    Retryable,
    Unauthorized,
    Unavailable,
)
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.waiting import until

PATIENCE = 1.0
"""Seconds that a client waits where a test makes the system slow."""

UNICODE = "Zoë Ångström & 株式会社 <🙂> \"'\\ ż"
CLOSED = "http://127.0.0.1:9"


class ReadContract:
    system: ClassVar[System]
    read_path: ClassVar[str]
    """Regular expression for the call that `read` makes."""
    answer: ClassVar[Any]
    """A good answer to it, with a field that nobody knows yet."""
    wrong_answer: ClassVar[Any]
    """JSON, but no answer to it."""
    default_wait: ClassVar[timedelta | None] = None

    def connect(self, control: Control, **options: Any) -> Any:
        """A client. Options: `url` of simulators, `credential`, and what its constructor takes."""
        raise NotImplementedError

    async def read(self, client: Any) -> object:
        raise NotImplementedError

    async def read_nothing(self, client: Any) -> object:
        """Read what is not there."""
        raise NotImplementedError

    async def read_pages(self, control: Control) -> tuple[int, int]:
        """Read a list over several pages: how many there are, how many were read."""
        raise NotImplementedError

    @pytest.fixture
    async def client(self, simulators: Control) -> AsyncIterator[Any]:
        client = self.connect(simulators)
        await self.read(client)  # sign in, so that what follows is one call
        yield client
        await client.aclose()

    @pytest.fixture
    async def impatient(self, simulators: Control) -> AsyncIterator[Any]:
        client = self.connect(simulators, timeout_seconds=PATIENCE)
        await until(lambda: self.has_read(client))
        yield client
        await client.aclose()

    async def has_read(self, client: Any) -> bool:
        """On a busy machine no answer may come within so little time."""
        with suppress(Unavailable):
            await self.read(client)
            return True
        return False

    async def read_fails(self, client: Any, control: Control) -> IntegrationError:
        """Read once with a fault; the next read is well again."""
        before = len(control.calls(self.system))
        with pytest.raises(IntegrationError) as caught:
            await self.read(client)
        assert len(control.calls(self.system)) == before + 1
        assert caught.value.system == self.system
        await self.read(client)
        return caught.value

    async def test_limited_read_waits_as_told(self, simulators: Control, client: Any) -> None:
        simulators.fault(self.system, "status", status=429, retry_after=2, path=self.read_path)
        error = await self.read_fails(client, simulators)
        assert isinstance(error, RateLimited)
        assert error.retry_after == timedelta(seconds=2)

    async def test_limited_read_without_a_named_wait(self, simulators: Control, client: Any) -> None:
        simulators.fault(self.system, "status", status=429, path=self.read_path)
        error = await self.read_fails(client, simulators)
        assert isinstance(error, RateLimited)
        assert error.retry_after == self.default_wait

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_outage_of_a_read(self, simulators: Control, client: Any, status: int) -> None:
        simulators.fault(self.system, "status", status=status, retry_after=3, path=self.read_path)
        error = await self.read_fails(client, simulators)
        assert isinstance(error, Unavailable)
        assert error.retry_after == timedelta(seconds=3)

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed"])
    async def test_read_without_an_answer(self, simulators: Control, client: Any, kind: Any) -> None:
        simulators.fault(self.system, kind, path=self.read_path)
        assert type(await self.read_fails(client, simulators)) is Unavailable

    async def test_slow_read_ends_in_time(self, simulators: Control, impatient: Any) -> None:
        simulators.fault(self.system, "slow", delay_seconds=3 * PATIENCE, path=self.read_path)
        with pytest.raises(Unavailable):
            await self.read(impatient)
        await self.read(impatient)

    async def test_read_of_a_system_that_is_not_there(self, simulators: Control) -> None:
        client = self.connect(simulators, url=CLOSED)
        with pytest.raises(Unavailable):
            await self.read(client)
        await client.aclose()

    async def test_bad_credential_is_named_and_not_shown(self, simulators: Control) -> None:
        client = self.connect(simulators, credential="bad-credential")
        with pytest.raises(Unauthorized, match="Check the credential") as caught:
            await self.read(client)
        assert "bad-credential" not in str(caught.value)
        await client.aclose()

    async def test_expired_credential(self, simulators: Control, client: Any) -> None:
        """A fixed credential is not renewed. Who can renew it overrides this."""
        simulators.fault(self.system, "expired_token", path=self.read_path)
        assert isinstance(await self.read_fails(client, simulators), Unauthorized)

    async def test_unknown_field_in_an_answer_is_welcome(self, simulators: Control, client: Any) -> None:
        simulators.fault(self.system, "status", status=200, body=self.answer, path=self.read_path)
        await self.read(client)

    async def test_answer_of_another_shape_is_no_raw_error(self, simulators: Control, client: Any) -> None:
        body = self.wrong_answer
        simulators.fault(self.system, "status", status=200, body=body, path=self.read_path)
        error = await self.read_fails(client, simulators)
        assert isinstance(error, Rejected)
        assert "another shape" in str(error)

    async def test_nothing_found_is_no_error(self, client: Any) -> None:
        assert not await self.read_nothing(client)

    async def test_every_page_is_read(self, simulators: Control) -> None:
        there, read = await self.read_pages(simulators)
        assert read == there > 2


class WriteContract(ReadContract):
    write_path: ClassVar[str]

    async def write(self, client: Any, text: str = "Hello") -> object:
        """Make the one object, as for the first time."""
        raise NotImplementedError

    async def write_again(self, client: Any) -> object:
        """Repeat the write as the system's activity does after an unknown outcome."""
        raise NotImplementedError

    async def write_nonsense(self, client: Any) -> object:
        """Ask for what the vendor does not know."""
        raise NotImplementedError

    def written(self, control: Control) -> list[str]:
        """The text of each object that exists."""
        raise NotImplementedError

    async def write_fails(self, client: Any, control: Control) -> Retryable:
        before = len(control.calls(self.system))
        with pytest.raises(Retryable) as caught:
            await self.write(client)
        assert len(control.calls(self.system)) == before + 1
        return caught.value

    @pytest.fixture
    async def writer(self, simulators: Control) -> AsyncIterator[Any]:
        client = self.connect(simulators, timeout_seconds=2)
        await self.warm_up(client)
        yield client
        await client.aclose()

    async def warm_up(self, client: Any) -> None:
        """Sign in, so that a write is one call."""
        await self.read(client)

    async def test_limited_write_did_nothing(self, simulators: Control, writer: Any) -> None:
        simulators.fault(self.system, "status", status=429, retry_after=2, path=self.write_path)
        error = await self.write_fails(writer, simulators)
        assert isinstance(error, RateLimited)
        assert self.written(simulators) == []
        await self.write(writer)
        assert len(self.written(simulators)) == 1

    async def test_outage_of_a_write_leaves_it_open(self, simulators: Control, writer: Any) -> None:
        simulators.fault(self.system, "status", status=500, path=self.write_path)
        assert isinstance(await self.write_fails(writer, simulators), OutcomeUnknown)
        await self.write_again(writer)
        assert len(self.written(simulators)) == 1

    async def test_write_that_was_not_done_is_done_by_the_next(
        self, simulators: Control, writer: Any
    ) -> None:
        simulators.fault(self.system, "drop_before", path=self.write_path)
        assert isinstance(await self.write_fails(writer, simulators), OutcomeUnknown)
        assert self.written(simulators) == []
        await self.write_again(writer)
        assert len(self.written(simulators)) == 1

    @pytest.mark.parametrize("kind", ["drop_after", "malformed"])
    async def test_write_that_was_done_is_not_doubled_by_the_next(
        self, simulators: Control, writer: Any, kind: Any
    ) -> None:
        simulators.fault(self.system, kind, path=self.write_path)
        assert isinstance(await self.write_fails(writer, simulators), OutcomeUnknown)
        assert len(self.written(simulators)) == 1
        await self.write_again(writer)
        assert len(self.written(simulators)) == 1

    async def test_slow_write_is_not_doubled_by_the_next(self, simulators: Control, writer: Any) -> None:
        client = self.connect(simulators, timeout_seconds=PATIENCE)
        await self.warm_up(client)
        simulators.fault(self.system, "slow", delay_seconds=3 * PATIENCE, path=self.write_path)
        with pytest.raises(OutcomeUnknown):
            await self.write(client)
        await self.write_again(writer)
        assert len(self.written(simulators)) == 1
        await client.aclose()

    async def test_write_to_a_system_that_is_not_there_did_nothing(self, simulators: Control) -> None:
        client = self.connect(simulators, url=CLOSED)
        with pytest.raises(Unavailable):
            await self.write(client)
        await client.aclose()

    async def test_unknown_field_in_a_request_is_rejected(self, simulators: Control, writer: Any) -> None:
        with pytest.raises(Permanent) as caught:
            await self.write_nonsense(writer)
        assert isinstance(caught.value, Rejected)
        assert self.written(simulators) == []

    async def test_unicode_arrives_as_it_left(self, simulators: Control, writer: Any) -> None:
        await self.write(writer, UNICODE)
        assert self.written(simulators) == [UNICODE]
