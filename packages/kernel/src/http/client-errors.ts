import type { Socket } from 'node:net'
import { headerTooLarge, invalidInput, requestTimeout } from '../contract/index.ts'
import type { Problems } from './problem.ts'
import { requestIdOf } from './request-headers.ts'

/** Answers what is no HTTP request, too large or too slow to be one, and closes the connection. */
export function answerClientErrors(
  problems: Problems,
): (error: Error & { code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const requestId = requestIdOf({})
    const { status, headers, body } = problems.of(failureOf(error.code), requestId, false)
    const lines = [
      'Connection: close',
      `X-Request-Id: ${requestId}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ]
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
    // Reasons are optional (RFC 9112 § 4); the space before them is not.
    socket.end(`HTTP/1.1 ${status} \r\n${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }
}

function failureOf(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW')
    return headerTooLarge('The URL and the headers together may have 16 KiB.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimeout('The request did not arrive in time.')
  return invalidInput('This is not an HTTP/1.1 request.')
}
