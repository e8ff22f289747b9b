"""What axe-core, the field's checker, finds wrong in a part of a page.

`tests/prepare` fetches axe-core from the npm registry into `tests/js/node_modules`.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from needs import needs


def serious_faults(page: Page, selector: str) -> list[str]:
    """Return the rules of serious or critical impact that are broken within `selector`, and where."""
    script = Path(needs("axe")).read_text(encoding="utf-8")
    page.evaluate(f"() => {{ const define = undefined, module = undefined, exports = undefined; {script} }}")
    found = page.evaluate("(selector) => axe.run(selector, {resultTypes: ['violations']})", selector)
    return [
        f"{rule['id']}: {rule['help']}: " + "; ".join(node["html"][:160] for node in rule["nodes"][:5])
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]
