"""What is measured on outcomes: every figure with its name, its words and its direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nlp.domain import Kind, Urgency
from training import metrics
from training.metrics import Floats
from training.outcomes import Labels, Outcomes

# The share of reports that a city hopes to send on without a person; the target for the agency
# is an error of at most a tenth there.
_COVERAGE = 0.8


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of n outcomes under weights (B, n): B values."""

    name: str
    label: str
    of: Callable[[Outcomes, Floats], Floats]
    higher_is_better: bool = True


def _accuracy(labels: Labels, weights: Floats) -> Floats:
    return metrics.share(weights, labels.hit)


def _macro_f1(labels: Labels, weights: Floats) -> Floats:
    return metrics.macro_f1(weights, labels.true, labels.predicted, len(labels.names))


def _recall(labels: Labels, name: str, weights: Floats) -> Floats:
    return metrics.share(weights, labels.hit, of=labels.true == labels.names.index(name))


def _precision(labels: Labels, name: str, weights: Floats) -> Floats:
    return metrics.share(weights, labels.hit, of=labels.predicted == labels.names.index(name))


def _ece(labels: Labels, weights: Floats) -> Floats:
    return metrics.calibration_error(weights, labels.probability, labels.hit)


def _qwk(outcomes: Outcomes, weights: Floats) -> Floats:
    levels = outcomes.urgency
    return metrics.quadratic_kappa(weights, levels.true, levels.predicted, len(levels.names))


_KHAN_CAP = Urgency.KHAN_CAP.slug
_TO_CAO = Kind.TO_CAO.value

_TOPIC = (
    Measure("leaf_accuracy", "topic, accuracy", lambda o, w: _accuracy(o.topic, w)),
    Measure("leaf_macro_f1", "topic, macro-F1", lambda o, w: _macro_f1(o.topic, w)),
    Measure("group_macro_f1", "topic group, macro-F1", lambda o, w: _macro_f1(o.group, w)),
    Measure(
        "hit_at_3", "topic, among the first three", lambda o, w: metrics.share(w, o.topic_in_3)
    ),
)

_AGENCY = (
    Measure("agency_top_1", "agency, the lead is first", lambda o, w: _accuracy(o.agency, w)),
    Measure(
        "agency_accepted",
        "agency, the first would be right",
        lambda o, w: metrics.share(w, o.agency_accepted),
    ),
    Measure(
        "agency_top_3",
        "agency, the lead is among the first three",
        lambda o, w: metrics.share(w, o.agency_in_3),
    ),
)

_URGENCY = (
    Measure("khan_cap_recall", "khan-cap, recall", lambda o, w: _recall(o.urgency, _KHAN_CAP, w)),
    Measure(
        "khan_cap_precision",
        "khan-cap, precision",
        lambda o, w: _precision(o.urgency, _KHAN_CAP, w),
    ),
    Measure("urgency_qwk", "urgency, quadratic kappa", _qwk),
)

_KIND = (
    Measure("kind_macro_f1", "kind, macro-F1", lambda o, w: _macro_f1(o.kind, w)),
    Measure("to_cao_recall", "to-cao, recall", lambda o, w: _recall(o.kind, _TO_CAO, w)),
)

#: What decides whether a model ships.
HEAD = (*_TOPIC, *_AGENCY, *_URGENCY, *_KIND)

_FURTHER = (
    Measure("group_accuracy", "topic group, accuracy", lambda o, w: _accuracy(o.group, w)),
    Measure("kind_accuracy", "kind, accuracy", lambda o, w: _accuracy(o.kind, w)),
    Measure("to_cao_precision", "to-cao, precision", lambda o, w: _precision(o.kind, _TO_CAO, w)),
    Measure("urgency_accuracy", "urgency, accuracy", lambda o, w: _accuracy(o.urgency, w)),
    Measure("urgency_macro_f1", "urgency, macro-F1", lambda o, w: _macro_f1(o.urgency, w)),
    Measure(
        "ward_accuracy",
        "ward, right where the text names one",
        lambda o, w: metrics.share(w, o.ward_hit, of=o.ward_named),
    ),
    Measure(
        "ward_guesses",
        "ward, answered where the text names none",
        lambda o, w: metrics.share(w, o.ward_answered, of=~o.ward_named),
        higher_is_better=False,
    ),
    Measure("refused", "refused", lambda o, w: metrics.share(w, o.refused), False),
)

_SURENESS = (
    Measure("topic_ece", "topic, calibration error", lambda o, w: _ece(o.topic, w), False),
    Measure("kind_ece", "kind, calibration error", lambda o, w: _ece(o.kind, w), False),
    Measure("urgency_ece", "urgency, calibration error", lambda o, w: _ece(o.urgency, w), False),
    Measure(
        "topic_aurc",
        "topic, error averaged over coverage",
        lambda o, w: metrics.area_under_risk(w, o.topic.probability, o.topic.hit),
        False,
    ),
    Measure(
        "agency_aurc",
        "agency, error averaged over coverage",
        lambda o, w: metrics.area_under_risk(w, o.agency.probability, o.agency_accepted),
        False,
    ),
    Measure(
        "agency_error_at_80",
        f"agency, error among the surest {_COVERAGE:.0%}",
        lambda o, w: metrics.risk_at_coverage(
            w, o.agency.probability, o.agency_accepted, _COVERAGE
        ),
        False,
    ),
)

_AUTOMATIC = (
    Measure("auto_share", "auto, share", lambda o, w: metrics.share(w, o.automatic)),
    Measure(
        "auto_agency_error",
        "auto, the first agency would be wrong",
        lambda o, w: metrics.share(w, ~o.agency_accepted, of=o.automatic),
        False,
    ),
    Measure(
        "auto_topic_error",
        "auto, the topic is wrong",
        lambda o, w: metrics.share(w, ~o.topic.hit, of=o.automatic),
        False,
    ),
    Measure(
        "review_agency_error",
        "review, the first agency would be wrong",
        lambda o, w: metrics.share(w, ~o.agency_accepted, of=~o.automatic & ~o.refused),
        False,
    ),
)

#: Everything, the head first.
MEASURES = (*HEAD, *_FURTHER, *_SURENESS, *_AUTOMATIC)
