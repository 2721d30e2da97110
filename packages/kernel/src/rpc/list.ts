import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher as Undici } from 'undici'
import type { Address } from './address.ts'
import { LineReader } from './line-reader.ts'
import type { RemoteCall } from './remote-call.ts'
import { maxAnswer, notBegunHeader, type WireAnswer } from './wire.ts'

/** How a list ended: its unanswered calls surely did not begin, or may have happened. */
export interface ListEnd {
  readonly isUnsent: boolean
  readonly error: Error
}

export interface ListOwner {
  /** The first of an answer has come. */
  answered(list: List): void
  landed(list: List, unanswered: readonly RemoteCall[], end: ListEnd): void
}

/** Calls that travel together to one address, and their answers as they arrive: an undici handler. */
export class List implements Undici.DispatchHandler {
  readonly address: Address
  /** From here on the other side may have begun. */
  isWritten = false
  readonly #open = new Map<number, RemoteCall>()
  readonly #owner: ListOwner
  readonly #lines = new LineReader(maxAnswer, line => this.#take(line))
  #controller: Undici.DispatchController | undefined
  #status = 0
  #notBegun: string | undefined
  #isOver = false

  constructor(address: Address, calls: readonly RemoteCall[], owner: ListOwner) {
    this.address = address
    this.#owner = owner
    for (const call of calls) {
      this.#open.set(call.id, call)
      call.list = this
    }
    address.inFlight += calls.length
  }

  /** Nobody waits for this call any more: its answer is not read, and when it was the last the whole request ends. */
  drop(call: RemoteCall): void {
    if (!this.#close(call)) return
    if (this.#open.size > 0) this.cancel(call)
    else this.#controller?.abort(new Error('Nobody waits for it any more'))
  }

  cancel(call: RemoteCall): void {
    this.address.cancel(call.id)
  }

  onRequestStart(controller: Undici.DispatchController): void {
    this.#controller = controller
    if (this.#open.size === 0) controller.abort(new Error('Nobody waits for it any more'))
    else this.isWritten = true
  }

  onResponseStart(_: Undici.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    const said = headers[notBegunHeader]
    if (typeof said === 'string') this.#notBegun = said
    else this.address.isBack()
    this.#owner.answered(this)
  }

  onResponseData(_: Undici.DispatchController, chunk: Buffer): void {
    if (this.#status === 200) this.#lines.push(chunk)
  }

  onResponseEnd(): void {
    this.#end(new Error(this.#notBegun ?? `It answered ${this.#status} and left calls out`))
  }

  onResponseError(_: Undici.DispatchController, error: Error): void {
    this.#end(error)
  }

  #take(line: string): void {
    const answer = JSON.parse(line) as WireAnswer
    const call = this.#open.get(answer.id)
    if (call === undefined) return
    this.#close(call)
    call.answer(answer)
  }

  #close(call: RemoteCall): boolean {
    if (!this.#open.delete(call.id)) return false
    this.address.inFlight--
    call.list = undefined
    return true
  }

  #end(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const unanswered = [...this.#open.values()]
    for (const call of unanswered) this.#close(call)
    const isUnsent = !this.isWritten || this.#notBegun !== undefined
    this.#owner.landed(this, unanswered, { isUnsent, error })
  }
}
