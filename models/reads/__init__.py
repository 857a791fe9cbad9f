"""What is told of ChartMogul to whoever asks: agents, people at the command line, pages."""
