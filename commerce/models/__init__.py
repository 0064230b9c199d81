from commerce.models.attribution import Attribution, Basis
from commerce.models.claim import OrderClaim
from commerce.models.commission import (
    Commission,
    CommissionEvent,
    CommissionShare,
    CommissionState,
    HoldReason,
    Role,
)
from commerce.models.ledger import Account, Entry, Journal, JournalKind, Period
from commerce.models.link import Click, TrackingLink
from commerce.models.order import (
    Discrepancy,
    Observation,
    OrderLine,
    OrderRefund,
    OrderStatus,
    ParkedObservation,
)
from commerce.models.payout import (
    BankFile,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutLine,
)
from commerce.models.programme import (
    Network,
    PostbackKey,
    Programme,
    RateCard,
    SplitRule,
)
from commerce.models.report_import import ReportImport, ReportImportFile
from commerce.models.risk import (
    CaseCommission,
    RiskCase,
    RiskCaseEvent,
    RiskRule,
    RiskSignal,
)
from commerce.models.statement import (
    LineResolution,
    Statement,
    StatementFile,
    StatementLine,
)
from commerce.models.write_off import WriteOff

__all__ = [
    "Account",
    "Attribution",
    "BankFile",
    "Basis",
    "CaseCommission",
    "Click",
    "Commission",
    "CommissionEvent",
    "CommissionShare",
    "CommissionState",
    "Discrepancy",
    "Entry",
    "HoldReason",
    "Journal",
    "JournalKind",
    "LineResolution",
    "Network",
    "Observation",
    "OrderClaim",
    "OrderLine",
    "OrderRefund",
    "OrderStatus",
    "ParkedObservation",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "PayoutLine",
    "Period",
    "PostbackKey",
    "Programme",
    "RateCard",
    "ReportImport",
    "ReportImportFile",
    "RiskCase",
    "RiskCaseEvent",
    "RiskRule",
    "RiskSignal",
    "Role",
    "SplitRule",
    "Statement",
    "StatementFile",
    "StatementLine",
    "TrackingLink",
    "WriteOff",
]
