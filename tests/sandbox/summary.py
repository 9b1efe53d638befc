#!/usr/bin/env python3
"""What the demo should have brought, beside what it brought. Exit 1 when
something is missing that had the time to come."""
import argparse
import json
import subprocess
import sys
import urllib.request

# Rule, level that must have been reached, what happens in the scenario, after how many
# seconds of it (scenarios/demo.yaml, and a poll's interval).
EXPECTED = [
    ("ozon-new-order", "info", "a new order came in", 20),
    ("ozon-stock-low", "warning", "a product runs out", 24),
    ("ozon-negative-review", "critical", "a 1-star review", 28),
    ("ozon-customs-held", "info", "a parcel is held at customs", 10),
    ("ozon-rating-floor", "critical", "the rating fell below 4.6", 35),
    ("ozon-complaint-first-response", "breached", "a case went through its 48 h deadline", 40),
]
LEVELS = ["none", "info", "warning", "critical", "breached"]
UNWANTED = {"poller-stale", "credentials-refused", "notifier-failing", "ozon-endpoint-retired"}


def received(admin):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/received", timeout=5) as answer:
        return json.load(answer)


def reached(webhooks):
    """Rule -> the worst level that a webhook told."""
    worst = {}
    for hook in webhooks:
        for alert in hook["body"].get("alerts", []):
            level = LEVELS.index(alert["level"])
            worst[alert["rule"]] = max(level, worst.get(alert["rule"], 0))
    return worst


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--admin", required=True)
    options.add_argument("--ctl", required=True)
    options.add_argument("--socket", required=True)
    options.add_argument("--ran", type=int, required=True)
    args = options.parse_args()

    got = received(args.admin)
    worst = reached(got["webhooks"])
    print(f"\nSummary after {args.ran} s: {len(got['webhooks'])} webhooks and {len(got['mails'])} mails arrived.\n")
    missing = 0
    for rule, level, what, after in EXPECTED:
        ok = worst.get(rule, -1) >= LEVELS.index(level)
        state = "ok" if ok else "MISSING" if args.ran >= after else "not yet"
        missing += state == "MISSING"
        print(f"  {state:7}  {rule:32} {LEVELS[worst.get(rule, 0)]:9} {what}")
    for rule in sorted(UNWANTED & set(worst)):
        missing += 1
        print(f"  UNWANTED  {rule}: the daemon could not see or tell")
    if not got["mails"] and args.ran >= EXPECTED[0][3]:
        missing += 1
        print("  MISSING  no mail arrived")
    print()
    sys.stdout.flush()
    subprocess.run([args.ctl, "--socket", args.socket, "status"], check=False)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
