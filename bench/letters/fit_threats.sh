#!/usr/bin/env bash
# Sentences and ordinary letters → src/domain/extract/alert/{weights,meaning}.txt. `fit_threats.sh --hold-out` says instead what sentences come to that fitted nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.setup/venv-bench/bin/python} out=${OUT:-run/fit} here=bench/letters banks=src/domain/extract/tests
"$python" $here/banks.py "$out/banks"
seed=30
# unseen1, unseen2, apart1 and apart2 fit nothing: they are counted.
banks_fitted=(fit1 fit2 check1 check2 held1 blind1 blind2 fresh1 fresh2 fresh3)
for bank in "${banks_fitted[@]}"; do
  seed=$((seed + 1))
  "$python" $here/make_letters.py --bank "$out/banks/$bank.json" --seed $seed --n 250 --out "$out/text/$bank" --text-only 2>/dev/null
done
# The same letters as they would be read, like those that make fit has drawn and read; FONTS as for fit.sh.
like=$out/drawn:$out/drawn-read,$out/rough:$out/rough-read fonts=${FONTS:-.setup/fonts} seed=700
for bank in "${banks_fitted[@]}"; do
  seed=$((seed + 1)) read=$out/read/$bank
  "$python" $here/make_letters.py --bank "$out/banks/$bank.json" --seed $seed --n 150 --out "$read" --dpi 200 --fonts "$fonts" --layout-only --ids 0 2>/dev/null
  "$python" $here/read_noisily.py --like "$like" --seed $seed "$read" "$read-lines"
done
"$python" $here/as_read.py "${banks_fitted[@]/#/$out/read/}" >"$out/read.tsv"
"$python" $here/as_read.py ${PROSE:-$here/threats/prose_*.jsonl} >"$out/prose.tsv"
texts=(--threats $here/threats/threats_{?,10}.txt $banks/threats{,_fresh,_blind}.txt --harmless $here/threats/harmless_{?,10}.txt $banks/harmless{,_fresh,_blind}.txt
  --everyday $here/threats/ordinary.txt --read "$out/read.tsv" --prose "$out/prose.tsv" --texts $here/threats/{dev,dialects,passages,letters}.jsonl)
"$python" $here/fit_threats.py "${texts[@]}" --ordinary "${banks_fitted[@]/#/$out/text/}" "$@" >"$out/weights.txt"
[ $# -eq 0 ] || exit 0
mv "$out/weights.txt" src/domain/extract/alert/weights.txt
"$python" $here/fit_meaning.py "${texts[@]}" >"$out/meaning.txt"
mv "$out/meaning.txt" src/domain/extract/alert/meaning.txt
