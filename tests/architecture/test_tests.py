"""The tests themselves: they stay on this machine, and can be chosen by their folder."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_test_that_leaves_this_machine_fails_at_once(family):
    away = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}[family]  # of documents
    with socket.socket(family) as caller, pytest.raises(Exception, match="stay on this machine"):
        caller.connect((away, 80))


def test_a_test_may_call_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_test_is_marked_by_its_folder(request):
    assert request.node.get_closest_marker("architecture")
    assert not request.node.get_closest_marker("slow")
    assert not request.node.get_closest_marker("nlp")
