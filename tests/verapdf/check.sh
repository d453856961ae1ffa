#!/bin/bash
# tests/verapdf/check.sh FLAVOUR FILE…: veraPDF's verdict on each file, one line; exit 1 when one is refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
jar=$(find .setup/verapdf -name '*.jar' | head -1)
classes=.setup/verapdf/classes
[ -n "$jar" ] || { echo "no engine: run setup/setup.sh archive" >&2; exit 2; }
mkdir -p "$classes"
ecj -proc:none -nowarn -11 -cp "$jar" -d "$classes" tests/verapdf/Check.java
java=/usr/share/java
exec java -cp "$jar:$classes:$java/jaxb-runtime.jar:$java/jaxb-core.jar:$java/javax.activation.jar" Check "$@"
