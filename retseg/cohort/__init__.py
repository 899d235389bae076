"""A cohort: every image of a source becomes one row of a table, exactly once, whatever is killed on the way."""

from retseg.cohort.examiner import Work
from retseg.cohort.item import CohortError, Item, Listing, Refused, Result, select_part
from retseg.cohort.pool import Hands, run_pool
from retseg.cohort.record import keep_record
from retseg.cohort.rows import Index, RowWriter, index_rows, lock_output
from retseg.cohort.sources import list_source
from retseg.cohort.table import merge_tables

__all__ = [
    "CohortError",
    "Hands",
    "Index",
    "Item",
    "Listing",
    "Refused",
    "Result",
    "RowWriter",
    "Work",
    "index_rows",
    "keep_record",
    "list_source",
    "lock_output",
    "merge_tables",
    "run_pool",
    "select_part",
]
