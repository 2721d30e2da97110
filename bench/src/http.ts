interface Sent {
  readonly token?: string
  readonly body?: unknown
}

/** One request that must succeed; waits and asks again when told to. Returns the body, `{}` where there is none. */
export async function send(
  base: string,
  method: string,
  path: string,
  sent: Sent = {},
): Promise<Record<string, unknown>> {
  for (;;) {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
        ...(sent.body !== undefined && { 'content-type': 'application/json' }),
      },
      body: sent.body === undefined ? null : JSON.stringify(sent.body),
    })
    const text = await response.text()
    if (response.status === 503 || response.status === 429) {
      await new Promise(resolve => setTimeout(resolve, 200))
      continue
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}
