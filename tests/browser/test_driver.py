import pytest

from tests.browser.driver import find_chromium


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_missing_browser_skips_unless_it_is_required(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: type
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("REQUIRE_BROWSER", required)
    with pytest.raises(outcome, match="apt install chromium"):
        find_chromium()
