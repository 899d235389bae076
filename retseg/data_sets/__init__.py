"""Public data sets as their owners publish them: which images, truths and fields of view lie where."""

from retseg.data_sets.case import Case, DataSetError, list_cases, list_data_sets

__all__ = ["Case", "DataSetError", "list_cases", "list_data_sets"]
