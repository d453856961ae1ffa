#!/bin/bash
# Takes what fuzz/run.sh found into the corpora:  fuzz/shrink.sh DOOR…   (make fuzz-corpus)
#
# Of corpus and finds as few and as small files as reach as much; each door's no larger than its share of the two megabytes that the project has for
# them. Files with a fault's name stay whatever they reach.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.setup/fuzz-tools/bin:$PATH"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:allocator_may_return_null=1}
share=170000
for door in "$@"; do
  all=$(mktemp -d)
  cp "fuzz/corpus/$door"/* "$all"
  [ ! -d "fuzz/found/$door" ] || find "fuzz/found/$door" -type f -size -12k -exec cp -t "$all" {} +
  cargo +nightly fuzz cmin --release "$door" "$all" -- -timeout=20 -rss_limit_mb=3000 >"fuzz/found/$door.cmin.log" 2>&1
  find "fuzz/corpus/$door" -type f -not -name 'fault-*' -delete
  # The smallest first, until the share is spent.
  spent=$(du -cb "fuzz/corpus/$door" | tail -1 | cut -f1)
  find "$all" -type f -not -name 'fault-*' -printf '%s %p\n' | sort -n | while read -r size file; do
    spent=$((spent + size))
    [ "$spent" -le "$share" ] || break
    cp "$file" "fuzz/corpus/$door/"
  done
  rm -rf "$all"
  echo "fuzz/$door corpus $(find "fuzz/corpus/$door" -type f | wc -l) files $(du -cb "fuzz/corpus/$door" | tail -1 | cut -f1) bytes"
done
