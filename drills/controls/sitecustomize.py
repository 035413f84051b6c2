"""Red controls: breaks the program from outside, at its start, as DRILL_CONTROL says.

Python runs this file at the start of every process that has this folder on PYTHONPATH, so the
program's own children are broken too. Nothing in the program knows of it. It must not stop
anything from starting: a process that cannot import what it would break stays whole.
"""

import contextlib
import os
import signal
import threading
import time
from importlib import import_module
from typing import Any

EARLY_BY = 0.2  # seconds between the answer and the commit that it speaks of


def _replace(target: Any, **by: Any) -> None:
    """Put these in the place of what has their names; AttributeError where nothing has."""
    for name, new in by.items():
        getattr(target, name)
        setattr(target, name, new)


def _listen(*what: Any, **how: Any) -> None:
    import_module("sqlalchemy.event").listen(*what, **how)


def _sqlite_without(level: str) -> None:
    """SQLite commits that do not wait for the disk."""

    def weaken(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        with contextlib.suppress(Exception):  # PostgreSQL knows no such word
            cursor.execute(f"PRAGMA synchronous = {level}")
        cursor.close()

    _listen(import_module("sqlalchemy.pool").Pool, "checkout", weaken)


def _answer_early() -> None:
    """The group commit says "kept" at once and keeps a moment later."""
    group_commit = import_module("petition.store.signatures.group_commit").GroupCommit
    keep = group_commit.submit_later

    def submit_later(self: Any, new_entry: Any, charge: Any, then: Any) -> None:
        def later() -> None:
            time.sleep(EARLY_BY)
            keep(self, new_entry, charge, lambda *_: None)

        then(None, time.monotonic())
        threading.Thread(target=later, daemon=True).start()

    _replace(group_commit, submit_later=submit_later)


def _look_first() -> None:
    """Signing asks whether the address has signed; if it has, what became of it."""
    signing: Any = import_module("petition.services.signatures.signing")
    by_address = import_module("petition.store.signatures.by_address")
    reading = import_module("petition.store.db").reading
    group_commit: Any = import_module("petition.store.signatures.group_commit").GroupCommit
    prepare, begin, engines = signing.prepare, group_commit.__init__, []

    def note_engine(self: Any, engine: Any, *more: Any) -> None:
        engines.append(engine)
        begin(self, engine, *more)

    def look_and_prepare(
        vault: Any, providers: Any, campaign: Any, command: Any, **more: Any
    ) -> Any:
        key = signing.address_key(vault, providers, command.local_part, command.domain)
        with reading(engines[0]) as session:
            for known in by_address.of_link(session, campaign.id, [key]):
                by_address.place(session, known)
        return prepare(vault, providers, campaign, command, **more)

    _replace(signing, prepare=look_and_prepare)
    _replace(group_commit, __init__=note_engine)


def _write_without_limit() -> None:
    """A mailbox is charged for nothing."""
    limits: Any = import_module("petition.store.letters.mailbox_limits")
    _replace(limits, charge_mailbox=lambda *_, **__: True)


def _take_tags_for_mailboxes() -> None:
    """Each tag of an unknown domain is a mailbox of its own."""
    keys: Any = import_module("petition.services.vault.address_keys")
    _replace(keys, mailbox_of=keys.canonical_address)


def _write_to_the_blocked() -> None:
    """Whoever said “This was not me” is written to all the same."""
    blocks: Any = import_module("petition.store.privacy.blocks")
    _replace(blocks, is_blocked=lambda *_: False)


RAISES, HANGS, TELLS, BARE = "%n%n%n%n", "{{7*7}}", "../../etc/passwd", "-1"
"""What somebody types into a form of a program that is broken in four places."""


def _four_faults() -> None:
    """A text that raises, one that takes long, one that shows the inside, one without headers."""
    flask: Any = import_module("flask")
    forms: Any = import_module("flask_wtf").FlaskForm
    renderer: Any = import_module("petition.rendering").Renderer
    security: Any = import_module("petition.web.http.security")
    validate, render, secure = forms.validate, renderer.__call__, security.secure

    def sent(text: str) -> bool:
        return flask.has_request_context() and text in flask.request.values.values()

    def broken_validate(form: Any, *args: Any, **options: Any) -> Any:
        if sent(RAISES):
            raise RuntimeError
        if sent(HANGS):
            time.sleep(3.0)
        return validate(form, *args, **options)

    def broken_render(self: Any, *args: Any, **context: Any) -> Any:
        told = "Traceback (most recent call last)" if sent(TELLS) else ""
        return render(self, *args, **context) + told

    def broken_secure(app: Any, settings: Any) -> None:
        def strip(response: Any) -> Any:
            if sent(BARE):
                response.headers.pop("Content-Security-Policy", None)
            return response

        app.after_request(strip)  # the first that is named is the last to run
        secure(app, settings)

    _replace(forms, validate=broken_validate)
    _replace(renderer, __call__=broken_render)
    _replace(security, secure=broken_secure)


def _never_again() -> None:
    """No work is tried a second time."""
    for name in ("petition.store.signatures.group_commit", "petition.web.http.retrying"):
        _replace(import_module(name), is_passing=lambda _: False)


def _early_once() -> None:
    _never_again()
    _answer_early()


def _always_ready() -> None:
    """The instance calls itself ready whatever its database says."""
    readiness = import_module("petition.store.signatures.readiness").Readiness
    _replace(readiness, ready=lambda _: True)


def _leave_parts() -> None:
    """A file that could not be finished stays."""
    files: Any = import_module("petition.files")
    _replace(files, _gone_if_it_fails=lambda _: contextlib.nullcontext())


def _bodies_in_threads() -> None:
    """A body is awaited by one of the threads that run the app, for as long as it takes."""
    bodies: Any = import_module("petition.web.http.gateway.bodies")

    def begin(self: Any, incoming: Any) -> None:
        arrived = threading.Event()
        self._incoming[id(incoming)] = incoming
        future = incoming.exchange()
        future.add_done_callback(lambda _: arrived.set(), context=None)
        while not arrived.wait(0.05) and not future.done():
            pass
        with contextlib.suppress(Exception):
            self._finish(incoming, None, bytes(future.result()))

    _replace(bodies.Bodies, begin=begin, _late_ones=lambda self, now: [])


def _no_turns() -> None:
    """Every password is checked at once, however many there are."""
    line = import_module("petition.services.staff.password_turns").Line
    _replace(line, turn=lambda self: contextlib.nullcontext())


def _no_total() -> None:
    """Tries of codes are not counted over all addresses."""
    limits: Any = import_module("petition.services.abuse.limits")
    _replace(limits, count_total=lambda *_words, **_more: 0)


def _no_sender() -> None:
    """Nobody is limited by sender."""
    senders = import_module("petition.services.abuse.senders").Senders
    _replace(senders, are_hidden=lambda _self, _peer: True)


def _count_late() -> None:
    """Senders are counted after the commit: what it goes by is a little old."""
    store: Any = import_module("petition.store.abuse.senders")
    transaction = import_module("petition.store.db").transaction
    text = import_module("sqlalchemy").text
    count = store.charge

    def charge(session: Any, charges: Any) -> Any:
        engine = session.get_bind()
        held = {
            (bytes(row.sender), row.action): (row.hour, row.turn_at)
            for row in session.execute(
                text("SELECT sender, action, hour, turn_at FROM sender_counts")
            )
        }

        def later() -> None:
            time.sleep(EARLY_BY)
            with transaction(engine) as after:
                count(after, charges)

        threading.Thread(target=later, daemon=True).start()
        verdicts = []
        for each in charges:
            hour, turn = held.get((each.sender, each.action), (0, 0))
            due = store.as_time(max(turn - each.at_once * each.pace, store.as_number(each.at)))
            verdicts.append(store.Verdict(taken=hour < each.hourly, until=due))
        return verdicts

    _replace(store, charge=charge)


def _api_faults() -> None:
    """An operation that raises, a number that is a text, and parameters that nobody looks at."""
    public: Any = import_module("petition.web.api.public")
    lists: Any = import_module("petition.web.api.lists")

    def raises() -> None:
        raise RuntimeError

    _replace(public, _list=raises, goal_at=lambda *_: "many")
    _replace(lists, parameter=lambda asked, default: default)


def _no_pace() -> None:
    """No control, but a drill's wish: messages go at once, and what is tried again, soon."""
    datetime_ = import_module("datetime")
    pacing: Any = import_module("petition.domain.messages.pacing")
    messages: Any = import_module("petition.worker.messages")
    letters: Any = import_module("petition.worker.letters")
    transport: Any = import_module("petition.mail.transport")
    soon = datetime_.timedelta(seconds=0.5)
    _replace(
        pacing,
        MOST_AN_HOUR=10**6,
        MOST_A_DAY=10**6,
        is_office_hour=lambda *_: True,
        next_time=lambda at, *_: at,
        share=lambda *_: 10**6,
    )
    _replace(messages, AWAY=soon, pause_after=lambda *_: soon)
    _replace(letters, pause_after=lambda *_: soon)
    _replace(transport, TIMEOUT=2.0)


def _quick_clock() -> None:
    """No control either: the worker's clock shows DRILL_CLOCK (from, at, speed)."""
    datetime_: Any = import_module("datetime")
    context: Any = import_module("petition.cli.context")
    begin, real, speed = os.environ.get("DRILL_CLOCK", "0,0,1").split(",")

    def now() -> Any:
        passed = (time.time() - float(real)) * float(speed)
        return datetime_.datetime.fromtimestamp(float(begin) + passed, datetime_.UTC)

    create_base_app = context.create_base_app
    _replace(context, now=now, create_base_app=lambda: create_base_app(now=now))


def _forget_the_outcome() -> None:
    """A connection that is cut off after the end of a message is taken for a refusal."""
    transport: Any = import_module("petition.mail.transport")
    _replace(transport, OutcomeUnknown=transport.TryLater)


def _no_caps() -> None:
    """No worker asks how many went before."""
    sending: Any = import_module("petition.store.messages.sending")
    _replace(sending, take_room=lambda *_, **__: sending.Room.YES)


def _sign_less() -> None:
    """A signature covers nothing but From."""
    dkim: Any = import_module("petition.mail.dkim")
    _replace(dkim, SIGNED=(b"From",))


def _tell_which() -> None:
    """A message's Message-ID is its number in the database."""
    sending: Any = import_module("petition.worker.messages").sending
    messages: Any = import_module("petition.mail.messages")
    read, numbers = sending.read, [0]

    def read_and_note(session: Any, message_id: int) -> Any:
        numbers[0] = message_id
        return read(session, message_id)

    _replace(sending, read=read_and_note)
    _replace(messages, message_id=lambda *_: f"{numbers[0]:032x}")


def _check_nothing() -> None:
    """Subjects stand in the head as they were written, and nobody looks at it before it leaves."""
    transport: Any = import_module("petition.mail.transport")
    messages: Any = import_module("petition.mail.messages")
    _replace(transport, check=lambda _: None)
    _replace(messages, subject_line=lambda text: f"Subject: {text}\r\n")


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _end_before_commit() -> None:
    """No control, but a drill's wish: the first email of a folder is kept, all but the commit."""
    receiving: Any = import_module("petition.services.letters.receiving")
    keep = receiving.keep_once

    def keep_and_end(*words: Any, **more: Any) -> None:
        keep(*words, **more)
        _end()

    _replace(receiving, keep_once=keep_and_end)


def _end_at(step: str) -> None:
    """No control either: what comes before this step is done, and it is not."""
    folder: Any = import_module("petition.mail.inbound.imap_folder").ImapFolder
    _replace(folder, **{step: lambda *_: _end()})


def _delete_first() -> None:
    """What lies in a folder is deleted before it is kept."""
    folder: Any = import_module("petition.mail.inbound.imap_folder").ImapFolder
    waiting, delete = folder.waiting, folder.delete

    def wait_and_delete(self: Any) -> Any:
        for mail in waiting(self):
            delete(self, mail.place.uid)
            yield mail

    _replace(folder, waiting=wait_and_delete)


def _forget_places() -> None:
    """Whatever lies in a folder was never seen there."""
    inbound_mails: Any = import_module("petition.store.letters.inbound_mails")
    _replace(inbound_mails, is_new=lambda *_, **__: True)


CONTROLS = {
    "ends-before-commit": _end_before_commit,
    "ends-after-commit": lambda: _end_at("delete"),
    "ends-after-mark": lambda: _end_at("expunge"),
    "deletes-first": _delete_first,
    "forgets-places": _forget_places,
    "no-pace": _no_pace,
    "quick-clock": _quick_clock,
    "outcome-forgotten": _forget_the_outcome,
    "no-caps": _no_caps,
    "signs-less": _sign_less,
    "tells-which": _tell_which,
    "checks-nothing": _check_nothing,
    "mailbox-unlimited": _write_without_limit,
    "tags-apart": _take_tags_for_mailboxes,
    "stop-ignored": _write_to_the_blocked,
    "four-faults": _four_faults,
    "api-faults": _api_faults,
    "synchronous-off": lambda: _sqlite_without("OFF"),
    "synchronous-normal": lambda: _sqlite_without("NORMAL"),
    "ack-early": _answer_early,
    "looks-first": _look_first,
    "never-again": _never_again,
    "early-once": _early_once,
    "always-ready": _always_ready,
    "leaves-parts": _leave_parts,
    "bodies-in-threads": _bodies_in_threads,
    "no-turns": _no_turns,
    "no-total": _no_total,
    "limits-off": _no_sender,
    "counts-late": _count_late,
}

for _chosen in os.environ.get("DRILL_CONTROL", "").split(","):
    if _chosen in CONTROLS:
        with contextlib.suppress(ImportError):
            CONTROLS[_chosen]()
