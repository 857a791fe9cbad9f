"""All movements fetched and decoded, one page after the other, and nothing done with them.

Called with ChartMogul's base URL, the number of rows to expect and a folder. Says the seconds it took.
"""

import sys
import time

import httpx


def main(base_url: str, expected: int) -> None:
    query, rows, more = {"per_page": "200"}, 0, True
    with httpx.Client(auth=("key", ""), trust_env=False) as http:
        began = time.perf_counter()
        while more:
            page = http.get(f"{base_url}/activities", params=query).json()
            rows, more = rows + len(page["entries"]), page["has_more"]
            query["cursor"] = page["cursor"]
        seconds = time.perf_counter() - began
    if rows != expected:
        raise SystemExit(f"{rows} rows came instead of {expected}")
    sys.stdout.write(f"{seconds}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
