#!/usr/bin/env bash
# As the paper's Fig. 5: mAP against parameters and against MACs; and the table.
source "$(dirname "$0")/common.sh"
python3 "$(dirname "$0")/table.py" "$OUT" --epanns "$EPANNS" --csv "$OUT/results.csv" >"$OUT/table.md"
for cost in parameters macs; do
    title=$([ $cost = macs ] && echo "MACs of a 10 s clip / G" || echo "parameters / M")
    "$EPANNS" plot scatter "$OUT/results.csv" --x $cost --y map --label label --group kind --x-title "$title" \
        --y-title mAP --output "$OUT/figure-5-$cost.svg"
done
cat "$OUT/table.md"
