// The dashboard's own script, loaded after htmx. What a page needs beyond htmx is added here.
export {};
