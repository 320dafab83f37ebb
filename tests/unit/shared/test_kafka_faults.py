"""What an error of the library means: wait, a new producer, or a person must do something."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from shared.errors import ClusterMismatch, FatalError, ProducerFenced, TransactionDoubt
from shared.streaming.kafka.faults import doubtful, unavailable

NEVER_BY_ITSELF = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "ACL",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "ACL",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "ACL",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "ACL",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "transaction.max.timeout.ms",
    KafkaError.MSG_SIZE_TOO_LARGE: "max.message.bytes",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "provision",
    KafkaError._UNKNOWN_TOPIC: "provision",
    KafkaError._UNKNOWN_PARTITION: "provision",
    KafkaError.POLICY_VIOLATION: "configuration",
}
BY_ITSELF = (
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._INCONSISTENT,
    KafkaError._AUTHENTICATION,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
)


def provoke(code: int) -> None:
    """What a call into the library does when it fails."""
    with doubtful("produce to a.v1"):
        raise KafkaException(KafkaError(code))


@pytest.mark.parametrize(("code", "hint"), NEVER_BY_ITSELF.items(), ids=lambda value: str(value))
def test_what_no_retry_mends_stops_the_process_and_says_what_to_do(code: int, hint: str) -> None:
    with pytest.raises(ClusterMismatch, match=rf"produce to a\.v1.*{hint}") as ended:
        provoke(code)
    assert ended.value.exit_code == 78


@pytest.mark.parametrize("code", BY_ITSELF)
def test_what_may_pass_is_a_doubt(code: int) -> None:
    with pytest.raises(TransactionDoubt, match="produce to"):
        provoke(code)


def test_being_replaced_is_told_apart() -> None:
    with pytest.raises(ProducerFenced):
        provoke(KafkaError.INVALID_PRODUCER_EPOCH)


def test_a_missing_right_is_not_waited_for_outside_a_transaction_either() -> None:
    with (
        pytest.raises(FatalError, match=r"reading committed offsets.*GROUP_AUTHORIZATION_FAILED.*ACL"),
        unavailable("reading committed offsets"),
    ):
        raise KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
