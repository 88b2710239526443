from collections.abc import Iterator

import pytest
import torch

from thesis_lib.views.provenance import Provenance


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """The tensors here are tiny: waiting for a second thread takes twenty times as long on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        commit="0123456789abcdef0123456789abcdef01234567",
        profile="demo",
        profile_digest="a" * 64,
        data_digest="b" * 64,
        checkpoints={"PSPNet": "c" * 64, "ClusterNet": "d" * 64},
    )
