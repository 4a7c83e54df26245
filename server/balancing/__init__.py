"""分流: work goes where hands are free, people go where they are done soonest."""
