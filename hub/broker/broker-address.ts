/** A broker's URL, taken apart: what is in it for the broker only goes nowhere else. */

export interface BrokerAddress {
  /** Without user and password. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

const SCHEMES: ReadonlySet<string> = new Set(['mqtt:', 'mqtts:', 'tcp:', 'ssl:', 'tls:', 'ws:', 'wss:']);

/** @returns undefined for what names no broker, or might name another one than is meant. */
export function brokerAddress(text: string): BrokerAddress | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, host, pathname, search, hash } = url;
  if (!SCHEMES.has(protocol) || host === '') return undefined;
  // A password with one of these in it ends there, and the rest of it is taken for a path.
  if (`${pathname}${search}${hash}`.includes('@')) return undefined;
  const username = decoded(url.username);
  const password = decoded(url.password);
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

/** A URL as it may be shown and logged. */
export function withoutSecrets(text: string): string {
  const address = brokerAddress(text);
  if (address === undefined) return 'a URL that names no broker';
  const { protocol, host } = new URL(address.url);
  return `${protocol}//${host}`;
}

/** A "%" that begins no escape is one. */
function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}
