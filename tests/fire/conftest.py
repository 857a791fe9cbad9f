"""The whole product as real processes, as in tests/service."""

from tests import whole_system

shared_stack, stack = whole_system.shared_stack, whole_system.stack
simulators, client = whole_system.simulators, whole_system.client
