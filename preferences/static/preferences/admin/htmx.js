// htmx would write an inline style element, which the content security policy refuses.
htmx.config.includeIndicatorStyles = false;
