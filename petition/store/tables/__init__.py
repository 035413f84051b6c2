"""Every table by its noun; importing this package makes the metadata whole."""

from petition.store.tables.abuse import (
    ActionTotal,
    SenderAllowance,
    SenderCount,
    SenderKey,
    SenderTry,
)
from petition.store.tables.campaigns import (
    Campaign,
    CampaignEdit,
    CampaignQuestion,
    CampaignText,
    ConsentText,
    TargetDomain,
)
from petition.store.tables.counts import DIMENSIONS, Count, CountChange, Dimension, Fold, Snapshot
from petition.store.tables.exports import (
    Export,
    ExportFile,
    ExportFilePart,
    ExportPage,
    ExportRequest,
)
from petition.store.tables.jobs import Job
from petition.store.tables.letters import (
    CodeTry,
    Letter,
    LetterMinute,
    LinkRequest,
    Mailbox,
    MailRelay,
)
from petition.store.tables.privacy import Block, Erasure
from petition.store.tables.signatures import (
    Consent,
    Entry,
    FormerKey,
    MailProvider,
    MergedSignature,
    Review,
    Signature,
)
from petition.store.tables.staff import (
    Audit,
    SignInPlace,
    SignInRefusal,
    Staff,
    StaffDevice,
    StaffInvite,
    StaffRecoveryCode,
    StaffRole,
    StaffSession,
)
from petition.store.tables.vault import KeyCheck

__all__ = [
    "DIMENSIONS",
    "ActionTotal",
    "Audit",
    "Block",
    "Campaign",
    "CampaignEdit",
    "CampaignQuestion",
    "CampaignText",
    "CodeTry",
    "Consent",
    "ConsentText",
    "Count",
    "CountChange",
    "Dimension",
    "Entry",
    "Erasure",
    "Export",
    "ExportFile",
    "ExportFilePart",
    "ExportPage",
    "ExportRequest",
    "Fold",
    "FormerKey",
    "Job",
    "KeyCheck",
    "Letter",
    "LetterMinute",
    "LinkRequest",
    "MailProvider",
    "MailRelay",
    "Mailbox",
    "MergedSignature",
    "Review",
    "SenderAllowance",
    "SenderCount",
    "SenderKey",
    "SenderTry",
    "SignInPlace",
    "SignInRefusal",
    "Signature",
    "Snapshot",
    "Staff",
    "StaffDevice",
    "StaffInvite",
    "StaffRecoveryCode",
    "StaffRole",
    "StaffSession",
    "TargetDomain",
]
