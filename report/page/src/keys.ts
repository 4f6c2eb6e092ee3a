// Keys are single letters, which act unless somebody types in a field.

export interface Key {
  key: string; // as KeyboardEvent.key has it
  help: string;
  // act answers false when it has nothing to do here; then the browser does what it always does.
  act(e: KeyboardEvent): void | boolean;
}

export class Keys {
  readonly list: Key[] = [];

  constructor() {
    addEventListener("keydown", (e) => this.press(e));
  }

  on(key: string, help: string, act: Key["act"]): void {
    this.list.push({ key, help, act });
  }

  private press(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) {
      return;
    }
    const t = e.target;
    const typing = t instanceof HTMLInputElement || t instanceof HTMLTextAreaElement || t instanceof HTMLSelectElement;
    if (typing && e.key !== "Escape") {
      return;
    }
    for (const k of this.list) {
      if (k.key === e.key && k.act(e) !== false) {
        e.preventDefault();
        return;
      }
    }
  }
}
