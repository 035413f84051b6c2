"""The data copy: which keys it has, in which order, to the byte: programs of others read it."""

from __future__ import annotations

from datetime import UTC, datetime

from petition.domain.messages.message import MessageText
from petition.domain.messages.reply import LeftOut, Part, ReplyText
from petition.domain.partners.disclosures import Way
from petition.domain.signatures.supporter import Person
from petition.keyring import KeyRing
from petition.services.privacy import data_copy
from petition.store.messages.messages import MessageRecord
from petition.store.messages.replies import ReplyRecord
from petition.store.partners.disclosures import DisclosureRecord
from petition.store.privacy.personal_data import (
    Disclosed,
    EntryRecord,
    LetterRecord,
    MailboxUsage,
    PersonalData,
    Tries,
)
from petition.store.privacy.staff_views import ViewRecord
from petition.store.signatures.consents import Answered
from petition.store.vault.vault import Vault
from petition.store.webhooks.deliveries import Unheard

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 9, 30, 5, 250000, tzinfo=UTC)
VAULT = Vault(KeyRing.parse(KeyRing.generate_text()))
BEN = Person(
    given_name='Bén “B” "b" \\ </script>',
    family_name="",
    email="ben@example.org",
    postcode="20250",
    comment="One.\nTwo\u2028\t& three.",
)
ANSWER = Answered(
    purpose="sign",
    answer="yes",
    at=AT,
    way="web",
    language="en",
    wording="I agree.\n[yes] Yes",
    sha256="ab",
)
FORM = EntryRecord(
    entry_id=7,
    is_own=True,
    signs=True,
    at=AT,
    sealed=VAULT.seal(BEN, 7, 1),
    key_number=1,
    country="DE",
    language="en",
    visibility="public",
    updates="no",
    updates_at=LATER,
    source="flyer",
    utm_source=None,
    utm_medium=None,
    utm_campaign="a",
    partner=None,
    answers=(ANSWER,),
    verdict=None,
    reviewed_at=None,
    views=(ViewRecord(on=datetime(2026, 11, 3, tzinfo=UTC), role="moderator"),),
)
HELD = PersonalData(
    signature_id=3,
    campaign_id=1,
    slug="amazon",
    state="confirmed",
    state_reason=None,
    hold_reason=None,
    moved_at=None,
    created_at=AT,
    confirmed_at=LATER,
    withdrawn_at=None,
    withdrawn_from=None,
    unsubscribed_at=None,
    reminded_at=None,
    mailbox=MailboxUsage(letters=2, last_at=(LATER, AT), confirmed=True),
    code_tries=Tries(number=1, since=AT),
    forms=(FORM,),
    letters=(
        LetterRecord(
            kind="confirm", state="sent", due_at=AT, finished_at=LATER, attempts=1, error=None
        ),
    ),
    messages=(
        MessageRecord(
            id=5,
            target="Amazon",
            state="sent",
            shown_as="first_name",
            language="en",
            sealed=VAULT.seal_message(
                MessageText(sender="Bén via Us", subject="Please", body="One.\nTwo."), 5, 1
            ),
            key_number=1,
            composed_at=AT,
            confirmed_at=LATER,
            finished_at=LATER,
            bounced_at=None,
            closed_at=None,
            is_answer=False,
            target_id=7,
            also_to=(),
            wave=1,
            wants_answer=False,
            asked_at=None,
            outcome=None,
            refused_by=("Human rights",),
            waits_for=("Human resources",),
            unknown_at=("Chief executive",),
        ),
    ),
    replies=(
        ReplyRecord(
            id=6,
            message_id=5,
            sealed=VAULT.seal_reply(
                ReplyText(
                    subject="Re: Please",
                    body="No.",
                    left_out=(Part(kind=LeftOut.ATTACHMENT, name="a.pdf"),),
                ),
                6,
                1,
            ),
            key_number=1,
            received_at=LATER,
            is_answered=False,
        ),
    ),
    disclosures=(
        Disclosed(
            export_id=9, at=LATER, for_target=True, partner=None, by_reference=True, reason="x"
        ),
    ),
    told=(
        DisclosureRecord(
            partner="Union", way=Way.WEBHOOK, first_at=AT, last_at=LATER, is_certain=False
        ),
    ),
    unheard=(Unheard(partner="Union", since=LATER),),
    text_id=1,
)

COPY = """\
{
  "signature_id": 3,
  "campaign": "amazon",
  "state": "confirmed",
  "state_reason": null,
  "hold_reason": null,
  "moved_by_staff_at": null,
  "signed_at": "2026-11-02T09:30:00+00:00",
  "confirmed_at": "2026-11-02T09:30:05.250000+00:00",
  "withdrawn_at": null,
  "withdrawn_from": null,
  "unsubscribed_at": null,
  "reminder_owed_at": null,
  "letters_to_this_mailbox": 2,
  "last_letters_at": [
    "2026-11-02T09:30:05.250000+00:00",
    "2026-11-02T09:30:00+00:00"
  ],
  "mailbox_confirmed": true,
  "mailbox_gone_at": null,
  "letters_stopped_at": null,
  "code_tries": {
    "number": 1,
    "since": "2026-11-02T09:30:00+00:00"
  },
  "forms": [
    {
      "sent_at": "2026-11-02T09:30:00+00:00",
      "signature_stands_on_it": true,
      "signs": true,
      "given_name": "Bén “B” \\"b\\" \\\\ </script>",
      "family_name": "",
      "email": "ben@example.org",
      "postcode": "20250",
      "comment": "One.\\nTwo\u2028\\t& three.",
      "country": "DE",
      "language": "en",
      "visibility": "public",
      "updates": "no",
      "updates_changed_at": "2026-11-02T09:30:05.250000+00:00",
      "source": "flyer",
      "utm_source": null,
      "utm_medium": null,
      "utm_campaign": "a",
      "partner": null,
      "partner_consent": null,
      "partner_consent_at": null,
      "shown_in_public": null,
      "reviewed_at": null,
      "read_by_staff": [
        {
          "on": "2026-11-03",
          "role": "moderator"
        }
      ],
      "answers": [
        {
          "purpose": "sign",
          "answer": "yes",
          "at": "2026-11-02T09:30:00+00:00",
          "way": "web",
          "language": "en",
          "text": "I agree.\\n[yes] Yes",
          "text_sha256": "ab"
        }
      ]
    }
  ],
  "letters": [
    {
      "kind": "confirm",
      "state": "sent",
      "due_at": "2026-11-02T09:30:00+00:00",
      "finished_at": "2026-11-02T09:30:05.250000+00:00",
      "tries": 1,
      "error": null
    }
  ],
  "messages": [
    {
      "target": "Amazon",
      "state": "sent",
      "shown_as": "first_name",
      "language": "en",
      "sender": "Bén via Us",
      "subject": "Please",
      "body": "One.\\nTwo.",
      "composed_at": "2026-11-02T09:30:00+00:00",
      "confirmed_at": "2026-11-02T09:30:05.250000+00:00",
      "finished_at": "2026-11-02T09:30:05.250000+00:00",
      "came_back_at": null,
      "closed_at": null,
      "is_answer": false,
      "replies": [
        {
          "received_at": "2026-11-02T09:30:05.250000+00:00",
          "subject": "Re: Please",
          "body": "No.",
          "left_out": [
            "attachment a.pdf"
          ]
        }
      ],
      "wants_answer": false,
      "asked_at": null,
      "outcome": null,
      "not_taken_by": [
        "Human rights"
      ],
      "waits_for": [
        "Human resources"
      ],
      "unknown_at": [
        "Chief executive"
      ]
    }
  ],
  "disclosures": [
    {
      "export": 9,
      "at": "2026-11-02T09:30:05.250000+00:00",
      "to": "target",
      "partner": null
    }
  ],
  "told_to_partners_programs": [
    {
      "partner": "Union",
      "way": "webhook",
      "what": [
        "reference"
      ],
      "first_at": "2026-11-02T09:30:00+00:00",
      "last_at": "2026-11-02T09:30:05.250000+00:00",
      "is_certain": false
    }
  ],
  "withdrawals_not_acknowledged": [
    {
      "partner": "Union",
      "since": "2026-11-02T09:30:05.250000+00:00"
    }
  ]
}
"""


def test_the_copy_is_the_same_to_the_byte() -> None:
    assert data_copy.as_json(data_copy.document(HELD, VAULT)) == COPY
