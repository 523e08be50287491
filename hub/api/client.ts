/** Talks to the hub that runs on a data folder, for commands. */
import { findHub } from './address.js';
import { keptToken } from './token.js';

/** The hub cannot be reached, or it refused: said to a person as it is. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

export class ApiClient {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @throws ApiError when no hub runs on that folder, or none that can be asked. */
  static async of(dataDir: string): Promise<ApiClient> {
    const found = await findHub(dataDir);
    switch (found.kind) {
      case 'no-hub':
        throw new ApiError(`no hub runs on ${dataDir}: start one, or name its folder with --data`);
      case 'silent':
        throw new ApiError(`the hub on ${dataDir} cannot be asked: it is starting or ending, or has --api off`);
      case 'listens':
        return new ApiClient(found.url, await keptToken(dataDir));
    }
  }

  async get(path: string): Promise<unknown> {
    return this.#answer(await this.#fetch(path, {}));
  }

  async bytes(path: string): Promise<Uint8Array> {
    const response = await this.#fetch(path, {});
    if (!response.ok) await this.#answer(response);
    return new Uint8Array(await response.arrayBuffer());
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#answer(await this.#fetch(path, { method: 'POST', body: JSON.stringify(body) }));
  }

  /** Sends bytes, piece after piece. */
  async upload(path: string, pieces: readonly Uint8Array[]): Promise<unknown> {
    const body = new Blob(pieces.map((piece) => new Uint8Array(piece)));
    return this.#answer(await this.#fetch(path, { method: 'POST', body }));
  }

  /** What the hub answers a POST with, as bytes. @throws ApiError when it refuses, or ends before all has come. */
  async download(path: string): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#fetch(path, { method: 'POST' });
    if (!response.ok || response.body === null) await this.#answer(response);
    return this.#whole(response.body ?? new ReadableStream());
  }

  async *#whole(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw new ApiError(`the hub at ${this.#url} ended before all had come`, { cause: error });
    }
  }

  async delete(path: string): Promise<unknown> {
    return this.#answer(await this.#fetch(path, { method: 'DELETE' }));
  }

  /** Server-sent events, one after the other, until the hub ends. */
  async *follow(path: string): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
    const response = await this.#fetch(path, {});
    if (!response.ok || response.body === null) {
      await this.#answer(response);
      return;
    }
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const event = /^event: ?(.*)$/m.exec(block)?.[1] ?? 'message';
        const data = /^data: ?(.*)$/m.exec(block)?.[1] ?? 'null';
        yield { event, data: JSON.parse(data) as unknown };
      }
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, { ...init, headers: { authorization: `Bearer ${this.#token}` } });
    } catch (error) {
      throw new ApiError(`the hub at ${this.#url} does not answer: has it ended?`, { cause: error });
    }
  }

  async #answer(response: Response): Promise<unknown> {
    const value: unknown = await response.json();
    if (response.ok) return value;
    const said = typeof value === 'object' && value !== null && 'error' in value ? String(value.error) : '';
    throw new ApiError(said === '' ? `the hub answered with ${response.status}` : said);
  }
}
