import pytest

from recall.errors import Damaged
from recall.run.digests import digest_json, seal_json, unseal_json

VALUE = {"step": "scan", "counts": {"kept": 3, "share": 0.25}, "note": "ü"}


def test_a_sealed_value_comes_back() -> None:
    assert unseal_json(seal_json(VALUE), "x") == VALUE
    assert digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})


def test_every_flipped_byte_is_noticed() -> None:
    data = seal_json(VALUE)
    for place in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            broken = bytearray(data)
            broken[place] ^= bit
            with pytest.raises(Damaged, match=r"step\.json"):
                unseal_json(bytes(broken), "step.json")


@pytest.mark.parametrize("data", [b"", b"[]\n", b"{}\n", b'{"check": "00"}\n', b"\xff", seal_json(VALUE) + b" "])
def test_what_was_never_sealed_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged, match="x"):
        unseal_json(data, "x")
