"""Writes architectures/schema.json from the code, for editors that check JSON files while one types."""

import json

from tfglyph.architecture import SHIPPED, schema
from tfglyph.files import write_text


def main() -> None:
    path = SHIPPED / "schema.json"
    write_text(path, json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
