/** The two ways of saying no: a Web API error code, and a wrong request to the control surface. */

/** Answered as `{ok: false, error: code, ...details}` with HTTP 200, as Slack does. */
export class SlackError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, details: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** Slack's error with the place of each fault in `response_metadata.messages`. */
export function invalid(code: string, messages: readonly string[]): SlackError {
  return new SlackError(code, { response_metadata: { messages } });
}

/** Answered by the control surface with this HTTP status and `{error, detail}`. */
export class ControlError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}
