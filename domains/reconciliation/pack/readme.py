"""README.txt of a pack: what is in it, and how anybody verifies it."""

from domains.reconciliation.pack.run import RunFile

_TEXT = """\
Month-end reconciliation, {period}, account {account}, run {number} ({kind})

report.html        the report, to be read and printed
report.xlsx        the same tables as a workbook, each row of them
differences.csv    MRR: a row for each subscription that differs
causes.csv         a row for each part of each difference; the parts of a finding sum up to its difference
documents.csv      invoices, credit notes, payments and refunds that differ, on all sides
proposals.csv      what people may agree to
raw/               {raw}
rules.yaml         by which rules it was judged
settings.json      ChartMogul's settings, which decide what counts there
rates.csv          exchange rates, as they were given
run.json           which run wrote this, what was read when, control counts, and the packs it is chained to
SHA256SUMS         the hash of every file above

Amounts in CSV files stand twice: as a decimal, and in the smallest unit of the currency.

To verify it, in this folder, without a network:

    sha256sum -c SHA256SUMS
{signature}
This pack is {chain}.
To verify a folder of packs with their chain: mogulflow reconcile verify FOLDER
"""

_SIGNED = """\
    minisign -V -P {key} -m SHA256SUMS

The public key is in this file, and so in anybody's hands who writes one: compare it with the one that you
were given in another way. A signature says that this installation wrote the pack, not that it is right.
"""
_UNSIGNED = """
It is not signed: this installation had no key. The hashes say whether a file was damaged, and not whether
somebody has changed both.
"""


def readme(run: RunFile, *, with_raw: bool) -> str:
    before = run.month_before
    chain = (
        f"chained to {before.period}, run {before.number} ({before.sha256})" if before else "the first one"
    )
    raw = "what was read of each system, one Parquet file for each table"
    return _TEXT.format(
        period=run.period,
        account=run.account,
        number=run.number,
        kind=run.kind,
        raw=raw if with_raw else "left out: the rules say to keep no personal data",
        signature=_SIGNED.format(key=run.public_key) if run.public_key else _UNSIGNED,
        chain=chain,
    )
