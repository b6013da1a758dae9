#!/usr/bin/env bash
# Runs the suite under Miri, by the rules of Stacked Borrows and by those of Tree Borrows. Undefined behaviour ends the machine, which
# is a crash in the report, with Miri's words on standard error. Every case runs on specialised code from the first instruction on: it
# is the only part of the machine with `unsafe` that Miri can execute.
#
#   bash conformance/miri.sh           a part: every sixth case that takes little, and all that fuse instructions; a quarter of an hour
#   bash conformance/miri.sh --all     all of them; hours
#   bash conformance/miri.sh --filter TEXT
#                                      only those with this text in their id
#
# MDVM_MIRI_JOBS says how many processes share the cases, MDVM_MIRI_RULES by which rules they are run ("stacked tree"). Fails where a case fails, and where none ran.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
part=some filter=
case ${1-} in
    '') ;;
    --all) part=all ;;
    --filter) part=all filter=${2?--filter takes a text} ;;
    *)
        printf 'error: there is no option %s; see the first lines of this file\n' "$1" >&2
        exit 2
        ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
conform() { cargo run --quiet --locked -p mdvm-conform -- "$@"; }

# Which cases there are, and how long each takes where nothing is looked at.
conform run --impl rust-specialised --json >"$folder/natively.json"
python3 - "$folder" "$part" "$filter" <<'PYTHON'
import json
import sys

folder, part, text = sys.argv[1:]
# In seconds. Miri takes a few thousand times as long.
QUICK = 0.002
with open(f"{folder}/natively.json", encoding="utf-8") as report:
    cases = json.load(report)["cases"]
quick = [case["id"] for case in cases if case["results"]["rust-specialised"]["seconds"] < QUICK]
if part == "all":
    chosen = [case["id"] for case in cases if text in case["id"]]
else:
    chosen = [name for place, name in enumerate(quick) if place % 6 == 0 or name.startswith("fused/")]
with open(f"{folder}/chosen", "w", encoding="utf-8") as out:
    out.writelines(f"--case\n{name}\n" for name in chosen)
PYTHON
mapfile -t chosen <"$folder/chosen"
count=$((${#chosen[@]} / 2))
if [ "$count" = 0 ]; then
    printf 'error: no case was chosen\n' >&2
    exit 1
fi

bash conformance/adapters/miri.sh --setup </dev/null >/dev/null
jobs=()
[ -z "${MDVM_MIRI_JOBS-}" ] || jobs=(--jobs "$MDVM_MIRI_JOBS")
for rules in ${MDVM_MIRI_RULES:-stacked tree}; do
    flags=
    [ $rules = stacked ] || flags=-Zmiri-tree-borrows
    printf '%s cases, by %s borrows\n' "$count" $rules
    MIRIFLAGS=$flags conform run --impl "miri-$rules=bash conformance/adapters/miri.sh --tier=specialised --jit=always" --timeout 1800 --max-total 36000 \
        --stop-after 5 "${jobs[@]}" --junit "$folder/$rules.xml" "${chosen[@]}"
    ran=$(grep -c '<testcase' "$folder/$rules.xml" || true)
    if [ "$ran" != "$count" ]; then
        printf 'error: %s of %s cases ran\n' "$ran" "$count" >&2
        exit 1
    fi
done
