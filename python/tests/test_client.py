"""The client: its requests, its checks of answers, and its behaviour in an outage."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import socket
import threading
import time

import pytest
from palisade_forms import Client, Decision, Forged, Guard, Misconfigured, Unavailable, Visit
from palisade_forms.testing import FakeService

VISIT = Visit(
    "203.0.113.9",
    "POST",
    "https://example.com/signup?x=1",
    (("User-Agent", "Firefox"), ("Cookie", "session=1"), ("Authorization", "Bearer 1"), ("X-Api-Key", "1"), ("Sec-Fetch-Site", "same-origin")),
)


def test_a_ticket_is_good_for_one_submission(service):
    client, fields = service.client(), [("email", "a@b.cc"), ("palisade-ticket", service.ticket())]
    assert client.check("signup", VISIT, fields).allowed
    assert not client.check("signup", VISIT, fields).allowed


def test_a_missing_ticket_is_challenged(service):
    decision = service.client().check("signup", VISIT, [("email", "a@b.cc")])
    assert (decision.allowed, decision.outcome, decision.status) == (False, "challenge", 403)
    assert decision.ticket and decision.fields and not decision.answer
    assert service.client().check("signup", VISIT, [], want=["answer"]).answer


def test_an_empty_decision_refuses_and_is_false():
    assert not Decision()
    assert not Decision().allowed


@pytest.mark.parametrize("mode", ["down", "garbage", "error", "hang"])
def test_an_outage_is_an_exception(service, mode, patience):
    service.say(mode)
    with pytest.raises(Unavailable):
        service.client(timeout=patience).check("signup", VISIT, [])


@pytest.mark.parametrize("mode", ["forged", "unsigned"])
def test_an_answer_that_is_not_signed_by_the_service_is_an_outage(service, mode):
    service.say(mode)
    with pytest.raises(Forged):
        service.client().check("signup", VISIT, [])


def test_a_service_that_is_not_there_is_an_outage():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(Unavailable):
        Client(url, "shop", "s" * 20).check("signup", VISIT, [])


def test_a_wrong_secret_is_misconfigured(service):
    with pytest.raises(Misconfigured):
        Client(service.url, "shop", "another secret of the site").check("signup", VISIT, [])


def test_a_call_that_the_service_does_not_understand_is_misconfigured(service):
    with pytest.raises(Misconfigured, match="something is missing"):
        service.client().check("signup", Visit("", "POST", "https://example.com/"), [])


def test_an_answer_about_another_form_is_no_judgement():
    with pytest.raises(Unavailable):
        Decision.parse("signup", {"form": "login", "allowed": True, "outcome": "allow", "id": "1", "reason": "", "status": 200})


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"allowed": "true", "outcome": "allow"},
        {"allowed": True, "outcome": "deny"},
        {"allowed": 1, "outcome": "allow"},
        {"allowed": True},
        [],
        None,
    ],
)
def test_a_judgement_that_contradicts_itself_is_none(said):
    whole = {"form": "f", "id": "1", "reason": "", "status": 200} | said if isinstance(said, dict) else said
    with pytest.raises(Unavailable):
        Decision.parse("f", whole)


def test_what_is_sent_holds_no_passwords_cookies_keys_or_long_texts(service):
    fields = [
        ("password", "hunter2"), ("PWD2", "hunter3"), ("card_number", "4111"), ("cvc", "123"), ("client_secret", "x"), ("pin", "0000"),
        ("comment", "long" * 1000), ("comment", "twice"), ("palisade-proof", "p" * 1000), ("h-captcha-response", "t" * 1000),
        ("pass_token", "geetest"),
    ]  # fmt: skip
    service.client().check("signup", VISIT, fields, blank={"pin"})
    sent = service.checks[0]
    assert [name for name, _ in sent["fields"]] == [name for name, _ in fields]
    assert [value for _, value in sent["fields"]] == [""] * 6 + ["long" * 64, "twice", "p" * 1000, "t" * 1000, "geetest"]
    assert sent["headers"] == {"User-Agent": ["Firefox"], "Sec-Fetch-Site": ["same-origin"]}
    raw = service.calls[0].raw + repr(service.calls[0].headers).encode()
    for secret in (b"hunter", b"session", b"Bearer", b"4111", b"0000", service.secret.encode()):
        assert secret not in raw


def test_secrets_are_not_in_repr_logs_or_exceptions(service, caplog):
    caplog.set_level(logging.DEBUG)
    client = service.client()
    guard = Guard(client)
    texts = [repr(client), repr(guard), str(vars(guard))]
    for mode in ("forged", "garbage", "unknown", "down"):
        service.say(mode)
        guard.judge("signup", VISIT, _submission(("password", "hunter2")))
        try:
            client.check("signup", VISIT, [("password", "hunter2")])
        except Exception as error:
            texts.append(repr(error) + repr(error.__cause__))
    text = caplog.text + "".join(texts)
    assert service.secret not in text
    assert "hunter2" not in text
    with pytest.raises(TypeError):
        pickle.dumps(client)


def _submission(*fields):
    from palisade_forms.visit import Submission

    return Submission(fields)


def test_a_visitor_cannot_make_the_service_refuse_the_app(service):
    client = service.client()
    assert client.check("signup", VISIT, [("a", "b")] * 1001).status == 413
    assert client.check("signup", VISIT, [("palisade-proof", "x" * (2 << 20))]).status == 413
    assert client.check("signup", Visit("203.0.113.9", "PO ST", VISIT.url), []).status == 400
    assert client.check("signup", Visit("203.0.113.9", "POST", "https://exa mple/"), []).status == 400
    assert client.check("signup", VISIT, [("half", "\ud800")]).outcome == "challenge"
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://127.0.0.1", "http://example.com", "http://127.0.0.1.example.com", "https://u:p@example.com", "https://example.com/palisade", "http://127.0.0.1:99999", "http://[::1", "http://2130706433"],
)
def test_a_url_that_cannot_be_meant_is_refused_at_once(url):
    with pytest.raises(ValueError) as caught:
        Client(url, "shop", "s" * 20)
    assert "u:p" not in str(caught.value)


def test_http_to_another_host_must_be_allowed_by_name():
    assert Client("http://palisade.internal:8088", "shop", "s" * 20, allow_insecure=True)


def test_connections_are_kept_and_shared_by_threads(service):
    client = service.client()
    seen = set()
    original = service.judge
    service.judge = lambda mode, call: seen.add(threading.current_thread().name) or original(mode, call)
    for _ in range(5):
        client.check("signup", VISIT, [])
    assert len(seen) == 1  # one connection is one thread of the server
    threads = [threading.Thread(target=client.check, args=("signup", VISIT, [])) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(service.checks) == 21


def test_a_connection_that_the_service_closed_is_replaced_without_judging_twice(service):
    client = service.client()
    client.check("signup", VISIT, [])
    kept = client._pool._idle[0][0]
    kept.sock.shutdown(socket.SHUT_RDWR)
    assert client.check("signup", VISIT, [("palisade-ticket", service.ticket())]).allowed
    assert len(service.checks) == 2


def test_a_connection_that_was_closed_while_idle_is_not_used():
    closed = threading.Semaphore(0)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_and_hang_up():
            for _ in range(2):
                connection, _ = listener.accept()
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
                connection.close()
                closed.release()

        threading.Thread(target=answer_and_hang_up, daemon=True).start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "shop", "s" * 20)
        for _ in range(2):
            assert client.base("a", "", Visit("203.0.113.9", "GET", "")).body == b"x"
            assert closed.acquire(timeout=60)


def test_a_request_that_was_sent_is_not_sent_again(service):
    client = service.client()
    client.check("signup", VISIT, [])
    service.then("down", "allow")
    with pytest.raises(Unavailable):
        client.check("signup", VISIT, [])
    assert len(service.checks) == 2


def test_a_forked_process_does_not_use_its_parents_connections(service, monkeypatch):
    client = service.client()
    client.check("signup", VISIT, [])
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert client._pool._take() is None


def test_an_answer_without_end_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def pour():
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                while not stop.is_set():
                    connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            except OSError:
                pass
            connection.close()

        threading.Thread(target=pour, daemon=True).start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "shop", "s" * 20, timeout=600)  # not the timeout ends it
        with pytest.raises(Unavailable):
            client.check("signup", VISIT, [])
        stop.set()


def test_an_answer_in_drops_does_not_hold_a_worker():
    drops = 0
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            nonlocal drops
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            try:
                while drops < 1000:
                    connection.sendall(b"x")
                    drops += 1
                    time.sleep(0.05)  # each comes long before the timeout
            except OSError:
                pass
            connection.close()

        threading.Thread(target=drip, daemon=True).start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "shop", "s" * 20, timeout=0.5)
        with pytest.raises(Unavailable):
            client.check("signup", VISIT, [])
        assert drops < 1000  # it did not wait for the end


def test_fields_keep_what_was_solved(service):
    client, ticket = service.client(), service.ticket()
    assert 'data-kind="fresh"' in client.fields("signup", VISIT)
    kept = client.fields("signup", VISIT, nonce="n0nce", again=[("palisade-ticket", ticket)])
    assert ticket in kept and 'nonce="n0nce"' in kept


def test_the_base_path_is_fetched_for_the_visitor(service):
    reply = service.client().base("ticket", "form=signup", Visit("203.0.113.9", "GET", "", (("Cookie", "s=1"), ("Accept-Language", "de"))))
    assert reply.status == 200 and b'"signup"' in reply.body
    sent = service.calls[0].headers
    assert sent["Palisade-Client"] == "203.0.113.9" and sent["Accept-Language"] == "de" and "Cookie" not in sent


def test_async_code_waits_in_a_thread(service):
    assert asyncio.run(service.client().acheck("signup", VISIT, [])).outcome == "challenge"


def test_without_the_service_nothing_passes_by_default(service):
    guard = Guard(service.client())
    for mode in ("down", "garbage", "forged", "unknown"):
        service.say(mode)
        assert guard.judge("signup", VISIT, _submission()).status == 503


def test_limit_locally_lets_few_through_and_none_on_a_forged_answer(service):
    guard = Guard(service.client(), down="limit-locally", down_per_minute=2)
    service.say("forged")
    assert not guard.judge("signup", VISIT, _submission())
    service.say("unknown")
    assert not guard.judge("signup", VISIT, _submission())
    service.say("down")
    decisions = [guard.judge("signup", VISIT, _submission()) for _ in range(4)]
    assert [decision.allowed for decision in decisions] == [True, True, False, False]
    assert decisions[0].degraded
    service.say("deny")
    assert not guard.judge("signup", VISIT, _submission())


def test_markup_while_the_service_is_away_lets_the_script_fetch_a_ticket(service):
    service.say("down")
    markup = Guard(service.client()).markup("signup", VISIT, nonce='"><x')
    assert 'data-palisade-form="signup"' in markup and 'src="/.palisade/palisade.js"' in markup and "<x" not in markup


def test_the_fake_service_knows_all_its_modes():
    with pytest.raises(ValueError):
        FakeService().say("open")
