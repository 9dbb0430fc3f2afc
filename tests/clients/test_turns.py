"""A test marked `alone` has no neighbours."""

import fcntl
import threading

import pytest
from turns import FOLDER, turn


def is_free(lock, wanted):
    with lock.open() as file:
        try:
            fcntl.flock(file, wanted | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_others_run_together_and_nobody_beside_one_that_is_alone(tmp_path):
    lock = tmp_path / "tests.lock"
    with turn(False, tmp_path), turn(False, tmp_path):
        assert is_free(lock, fcntl.LOCK_SH) and not is_free(lock, fcntl.LOCK_EX)
    with turn(True, tmp_path):
        assert not is_free(lock, fcntl.LOCK_SH)
    assert is_free(lock, fcntl.LOCK_EX)


def test_one_that_would_be_alone_is_not_passed(tmp_path):
    order = []

    def run(name, alone):
        with turn(alone, tmp_path):
            order.append(name)

    with turn(False, tmp_path):
        alone = threading.Thread(target=run, args=("alone", True))
        alone.start()
        while is_free(tmp_path / "tests.gate", fcntl.LOCK_EX):
            pass
        later = threading.Thread(target=run, args=("later", False))
        later.start()
    alone.join()
    later.join()
    assert order == ["alone", "later"]


@pytest.mark.alone
def test_the_mark_is_heeded():
    assert not is_free(FOLDER / "tests.lock", fcntl.LOCK_SH)


def test_without_the_mark_others_may_run():
    assert is_free(FOLDER / "tests.lock", fcntl.LOCK_SH)
