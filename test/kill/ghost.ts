import type { Answer } from '../acceptance/http-answer.ts'
import type { Ghost, Ledger } from './ledger.ts'
import type { Wish } from './wishes.ts'

const password = 'a password of the kill test'

/** Registers, writes, likes, follows, and erases the account: one request after the other, each asked again until it is answered. */
export class GhostStory {
  readonly #username: string
  readonly #ledger: Ledger
  readonly #writer: string
  readonly #liked: string | undefined
  #step = 0
  #ghost: (Ghost & { accessToken: string }) | undefined

  /** `writer` is followed, the post `liked` is liked. */
  constructor(username: string, ledger: Ledger, writer: string, liked: string | undefined) {
    this.#username = username
    this.#ledger = ledger
    this.#writer = writer
    this.#liked = liked
  }

  get isOver(): boolean {
    return this.#step > 4
  }

  next(): Wish {
    const step = this.#step
    const token = this.#ghost?.accessToken
    const then = (what: (answer: Answer) => void = () => {}) => ({
      ...(token !== undefined && { token }),
      settle: (answer: Answer) => {
        what(answer)
        this.#step = step + 1
      },
    })
    if (step === 0) return this.#register(then)
    const ghost = this.#ghost!
    if (step === 1) {
      // For followers: it stands in no list that is compared.
      const body = { text: `${this.#username} was here`, visibility: 'followers' }
      const wrote = then(() => void ghost.posts++)
      return { method: 'POST', path: '/posts', body, key: this.#username, ...wrote }
    }
    if (step === 2) {
      const path = this.#liked === undefined ? '/timelines/home' : `/posts/${this.#liked}/like`
      const likes = () => void this.#ledger.findPost(this.#liked)?.likes.add(ghost.id)
      return { method: this.#liked === undefined ? 'GET' : 'PUT', path, ...then(likes) }
    }
    if (step === 3) {
      const follows = then(() => void this.#ledger.follows.set(ghost.id, new Set([this.#writer])))
      return { method: 'PUT', path: `/users/${this.#writer}/follow`, ...follows }
    }
    const erased = then(() => {
      ghost.erased = true
      this.#ledger.follows.delete(ghost.id)
      this.#ledger.findPost(this.#liked)?.likes.delete(ghost.id)
    })
    return { method: 'DELETE', path: '/users/me', ...erased }
  }

  #register(then: (what: (answer: Answer) => void) => Pick<Wish, 'settle'>): Wish {
    const username = this.#username
    const body = { email: `${username}@plaza.example`, username, password }
    const settle = then(({ body }) => {
      const { user, accessToken } = body as { user: { id: string }; accessToken: string }
      this.#ghost = { id: user.id, username, erased: false, posts: 0, accessToken }
      this.#ledger.ghosts.push(this.#ghost)
    })
    return { method: 'POST', path: '/auth/register', body, key: `register-${username}`, token: '', ...settle }
  }
}
