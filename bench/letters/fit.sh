#!/usr/bin/env bash
# make fit: letters with known truth → how sure every value is → src/domain/extract/confidence.toml
#
# 1. draws a hundred letters, half of them in a rough hand, really reads them and keeps the lines
# 2. lays out thousands of letters with other names, places, fonts and wordings (nothing is drawn), and gives their lines the errors of 1
# 3. registers them, fits each field on groups that share no names, towns or wordings, and chooses its threshold where each group is graded by models
#    of the others; letters of one more bank are held out and only counted
# LIKE (a folder of letters with their truth, to be read instead of those of 1), FONTS, LETTERS_EACH and LAIXIN change what it works with; the result says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
each=${LETTERS_EACH:-700} fonts=${FONTS:-.setup/fonts} laixin=${LAIXIN:-target/release/laixin}
python=${PYTHON:-.setup/venv-bench/bin/python} here=bench/letters out=${OUT:-run/fit}
mkdir -p "$out"
"$python" $here/banks.py "$out/banks"

# read_as FOLDER: its letters, really read.
like=''
read_as() {
  "$laixin" evaluate "$1" --lines "$1-read" >"$1.txt"
  like+=${like:+,}$1:$1-read
}
if [ -n "${LIKE:-}" ]; then
  ln -sfn "$(realpath "$LIKE")" "$out/given"
  read_as "$out/given"
  manner=$(basename "$LIKE")
else
  "$python" $here/make_letters.py --bank "$out/banks/fit1.json" --seed 900 --n 50 --out "$out/drawn" --fonts "$fonts" 2>/dev/null
  "$python" $here/make_letters.py --bank "$out/banks/check1.json" --seed 901 --n 50 --out "$out/rough" --fonts "$fonts" --hard 2>/dev/null
  read_as "$out/drawn"
  read_as "$out/rough"
  manner='50 letters of fit1 and 50 of check1 in a rough hand, drawn and read'
fi

seed=1000
for part in fit1 fit2 check1 check2 held1 blind1 blind2 fresh1 fresh2 fresh3; do
  # A second share of the letters gives an ID number more often than letters do: there would be too few to say anything of.
  for kind in "" -ids; do
    seed=$((seed + 1)) letters=$out/$part$kind
    [ -n "$kind" ] && ids=0.6 || ids=0
    "$python" $here/make_letters.py --bank "$out/banks/$part.json" --seed $seed --n "$each" --out "$letters" --dpi 200 --fonts "$fonts" --layout-only --ids $ids 2>/dev/null
    "$python" $here/read_noisily.py --like "$like" --seed $seed "$letters" "$letters-lines"
    "$laixin" evaluate "$letters" --lines "$letters-lines" --signs "$letters.said" >"$letters.txt"
    # These letters' purposes are told in a few wordings, nearly all of them easily: beside them the others would count for nothing.
    grep -v '"field":"purpose"' "$letters.said" >"$letters.jsonl"
  done
done
# What a letter wants hangs on its words alone: every wording of every bank, as text.
for part in fit1 fit2 check1 check2 held1 blind1 blind2 fresh1 fresh2 fresh3; do
  seed=$((seed + 1))
  "$python" $here/purposes.py --bank "$out/banks/$part.json" --seed $seed --out "$out/$part-purposes"
  "$laixin" evaluate "$out/$part-purposes" --truth-text --roster config/roster.toml --signs "$out/$part-purposes.said" >"$out/$part-purposes.txt"
  # Of these letters nothing but the purpose is known.
  grep '"field":"purpose"' "$out/$part-purposes.said" >"$out/$part-purposes.jsonl"
done
note="Letters: $each of each bank and as many with more ID numbers, seeds 1001 to 1020 (purposes: as text alone, seeds 1021 to 1030), simulated reading like $manner; five groups by wording, fresh3 held out; $(date +%F)."
"$python" $here/fit.py --group "$out"/fit[12]*.jsonl --group "$out"/check[12]*.jsonl --group "$out"/held1*.jsonl --group "$out"/blind[12]*.jsonl --group "$out"/fresh[12]*.jsonl --held "$out"/fresh3*.jsonl --note "$note" >"$out/confidence.toml"
mv "$out/confidence.toml" src/domain/extract/confidence.toml
echo "written: src/domain/extract/confidence.toml; build again"
