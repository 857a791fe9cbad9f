"""The same figures by pandas, table by table, from the definitions alone: nothing of the product is in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from tests.domains.analytics.histories import History

DUST = 2
KINDS = ["churn", "contraction", "expansion", "reactivation"]


@dataclass(frozen=True)
class Found:
    """`cohorts`: by cohort its customers, values, and per month active, MRR and who was ever gone. `months`:
    rates' parts by calendar month."""

    cohorts: dict[str, dict[str, Any]]
    months: dict[str, dict[str, float]]


def found(history: History) -> Found:
    moves = _moves(history)
    running = pd.period_range(moves["month"].min(), _month(history.as_of, history.zone), freq="M")
    ends = moves.groupby(["who", "month"])["after"].last().unstack()
    ends = ends.reindex(columns=running).ffill(axis=1).fillna(0).astype(int)
    return Found(_cohorts(moves, ends), _months(moves, ends))


def _month(instant: datetime, zone: str) -> Any:
    return pd.Timestamp(instant).tz_convert(zone).tz_localize(None).to_period("M")


def _moves(history: History) -> Any:
    moves = pd.DataFrame(history.rows, columns=["who", "second", "kind", "cents"])
    moves = moves[moves["second"] <= history.as_of.timestamp()].sort_values("second", kind="stable")
    instants = pd.to_datetime(moves["second"], unit="s", utc=True)
    local = instants.dt.tz_convert(history.zone).dt.tz_localize(None)
    moves = moves.assign(day=local.dt.to_period("D"), month=local.dt.to_period("M"))
    total = moves.groupby("who")["cents"].cumsum()
    moves["after"] = total.where(total.abs() > DUST, 0)
    before = total - moves["cents"]
    moves["before"] = before.where(before.abs() > DUST, 0)
    moves["left"] = (moves["before"] > 0) & (moves["after"] <= 0)
    return moves


def _cohorts(moves: Any, ends: Any) -> dict[str, dict[str, Any]]:
    first = moves.groupby("who").first()
    new = moves[moves["kind"] == "new_biz"]
    returned = first["kind"] == "reactivation"
    joined = first["month"].where(returned, new.groupby("who")["month"].min()).fillna(first["month"])
    gone = moves[moves["left"]].groupby("who")["month"].min()
    cohorts = {}
    for month, members in joined.groupby(joined):
        who = members.index
        theirs, new_of_them = ends.loc[who, month:], new[new["who"].isin(who)]
        cohorts[str(month)] = {
            "customers": len(who),
            "new": new_of_them[new_of_them["month"] == month]["cents"].sum(),
            "new_ever": new_of_them["cents"].sum(),
            "returned": first["cents"].where(returned, 0)[who].sum(),
            "active": (theirs > 0).sum().tolist(),
            "mrr": theirs.sum().tolist(),
            "ever_churned": [int((gone.reindex(who) <= each).sum()) for each in theirs.columns],
        }
    return cohorts


def _months(moves: Any, ends: Any) -> dict[str, dict[str, float]]:
    starts = ends.shift(axis=1, fill_value=0)
    was, left = starts > 0, ends <= 0
    before = {who: ends.columns > month for who, month in moves.groupby("who")["month"].min().items()}
    old = pd.DataFrame.from_dict(before, orient="index", columns=ends.columns).loc[ends.index]
    within = (moves.groupby(["who", "month"])["after"].max() > 0).unstack(fill_value=False)
    within = within.reindex(columns=ends.columns, fill_value=False).astype(bool)
    table = pd.DataFrame(
        {
            "customers_before": was.sum(),
            "mrr_before": starts.sum(),
            "mrr": ends.sum(),
            "churned": (was & left).sum(),
            "back_and_gone": (~was & left & within & old).sum(),
        }
    )
    cents = moves.pivot_table(index="month", columns="kind", values="cents", aggfunc="sum")
    table = table.join(cents.reindex(columns=KINDS)).join(_daily(moves)).fillna(0)
    return {str(month): row for month, row in table.to_dict("index").items()}


def _daily(moves: Any) -> Any:
    """Shares of each day's start, added up by month; of a day that starts with nothing there is none."""
    cents = moves.pivot_table(index="day", columns="kind", values="cents", aggfunc="sum")
    cents = cents.reindex(columns=KINDS).fillna(0)
    lost = -cents["churn"] - cents["contraction"]
    net = lost - cents["reactivation"]
    ours = moves.groupby(["day", "who"]).agg(first=("before", "first"), last=("after", "last"))
    gone = ((ours["first"] > 0) & (ours["last"] <= 0)).groupby("day").sum()
    joined = ((moves["after"] > 0).astype(int) - (moves["before"] > 0)).groupby(moves["day"]).sum()
    paid = (moves["after"] - moves["before"]).groupby(moves["day"]).sum()
    customers, mrr = (each.cumsum().shift(fill_value=0) for each in (joined, paid))
    customers, mrr = customers.where(customers > 0), mrr.where(mrr > 0)
    shares = pd.DataFrame(
        {
            "customers": moves.groupby("day")["left"].sum() / customers,
            "customers_net": gone / customers,
            "lost": lost / mrr,
            "lost_net": net.clip(lower=0) / mrr,
            "net_lost": (net - cents["expansion"]) / mrr,
        }
    )
    return shares.fillna(0).groupby(shares.index.asfreq("M")).sum()
