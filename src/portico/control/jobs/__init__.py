"""Goals that outlive processes: Jobs, Instances, retries and firings."""
