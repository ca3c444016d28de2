# SPDX-License-Identifier: Apache-2.0
# Shared by the tests beside it, which take what they run out of README.md.
# shellcheck shell=bash
set -euo pipefail

work="${AUTOPKGTEST_TMP:?is set by autopkgtest}"
unset DRGAN_BUNDLE GST_PLUGIN_PATH # the installed ones
faces=/usr/share/drgan/default/generated.jpg

# block LANGUAGE REGEX: the first block of README.md in this language that has a line that matches.
block() {
    awk -v opening="\`\`\`$1" -v wanted="$2" '
        $0 == opening { inside = 1; text = ""; next }
        $0 == "```" { if (inside && text ~ wanted) { printf "%s", text; found = 1; exit } inside = 0; next }
        inside { text = text $0 "\n" }
        END { exit !found }' README.md || {
        echo "README.md has no block of $1 with $2" >&2
        exit 1
    }
}

# One large face in the middle of a grey picture, out of the sheet of generated faces: people in rows, yaws in columns.
# face ROW FILE
face() {
    python3 - "$faces" "$1" "$2" << 'PYTHON'
import sys
import cv2, numpy as np
sheet, row = cv2.imread(sys.argv[1]), int(sys.argv[2])
side = sheet.shape[1] // 13
face = sheet[row * side:(row + 1) * side, 6 * side:7 * side]
picture = np.full((480, 640, 3), 90, np.uint8)
picture[120:360, 200:440] = cv2.resize(face, (240, 240), interpolation=cv2.INTER_CUBIC)
sys.exit(not cv2.imwrite(sys.argv[3], picture))
PYTHON
}
