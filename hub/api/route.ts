/** A route as its own file has it: web requests in, web responses out, and nothing of the library that finds it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` for what is handed over by that name. */
  readonly path: string;
  /** It takes a body piece by piece, and bounds it itself; any other has at most `API_BOUNDS.bodyBytes`. */
  readonly takesPieces?: boolean;
  answer(request: Request, names: Readonly<Record<string, string>>): Promise<Response> | Response;
}

/** An answer that says why there is no other. */
export function fault(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

/** Said where a task is named that is not deployed. */
export function noTaskText(name: string): string {
  return `there is no task "${name}": "sterna ls" lists those there are`;
}

/** A parameter after the path's "?". */
export function queryOf(request: Request, name: string): string | undefined {
  return new URL(request.url).searchParams.get(name) ?? undefined;
}
