"""Emulators of cloud engines that others wrote, as processes in environments of their own."""
