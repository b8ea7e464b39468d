import { type DynamicModule, Inject, Injectable, Module, NotFoundException, type OnModuleDestroy } from '@nestjs/common'
import { accounts, createFinanceDb, NotFoundError, users } from '@org/finance-db'
import type pg from 'pg'
import 'reflect-metadata'

/** A provider over the host's pool. Decorators are written as the calls that they are, so that any compiler takes them. */
export class AccountsService implements OnModuleDestroy {
  readonly #pool: pg.Pool
  readonly #db: ReturnType<typeof createFinanceDb>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#db = createFinanceDb({ pool })
  }

  /** A person with a first account: both or neither. */
  async open(email: string, name: string) {
    return this.#db.transaction().execute(async (trx) => {
      const { id } = await users.create(trx, { email })
      return accounts.create(trx, { user_id: id, account_type: 'checking', name })
    })
  }

  async get(userId: string, id: string) {
    try {
      return await accounts.get(this.#db, userId, id)
    } catch (error) {
      throw error instanceof NotFoundError ? new NotFoundException(error.message) : error
    }
  }

  async onModuleDestroy() {
    await this.#db.destroy()
    await this.#pool.end()
  }
}
Injectable()(AccountsService)
Inject('POOL')(AccountsService, undefined, 0)

class AppModule {}
Module({})(AppModule)

export function appModule(pool: pg.Pool): DynamicModule {
  return { module: AppModule, providers: [{ provide: 'POOL', useValue: pool }, AccountsService] }
}
