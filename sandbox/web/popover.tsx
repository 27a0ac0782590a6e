/** A button that opens a small box beside it; Esc, a click elsewhere or a choice closes it. */
import { type ReactNode, useEffect, useRef, useState } from 'react';

export function Popover(props: {
  readonly label: string;
  readonly icon: ReactNode;
  readonly className?: string;
  readonly children: (close: () => void) => ReactNode;
}): ReactNode {
  const [open, setOpen] = useState(false);
  const [up, setUp] = useState(false);
  const whole = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    const elsewhere = (event: Event): void => {
      if (!whole.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', elsewhere);
    return () => document.removeEventListener('pointerdown', elsewhere);
  }, [open]);
  const toggle = (): void => {
    const bottom = button.current?.getBoundingClientRect().bottom ?? 0;
    setUp(bottom > innerHeight * 0.6);
    setOpen(!open);
  };
  return (
    <span
      ref={whole}
      className={`popover ${open ? 'open' : ''} ${props.className ?? ''}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        className="icon"
        aria-label={props.label}
        title={props.label}
        aria-expanded={open}
        onClick={toggle}
      >
        {props.icon}
      </button>
      {open && <div className={`popover-box ${up ? 'up' : ''}`}>{props.children(close)}</div>}
    </span>
  );
}
