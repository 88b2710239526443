import pytest

from thesis_lib.views.provenance import Provenance


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        commit="0123456789abcdef0123456789abcdef01234567",
        profile="demo",
        profile_digest="a" * 64,
        data_digest="b" * 64,
        checkpoints={"PSPNet": "c" * 64, "ClusterNet": "d" * 64},
    )
