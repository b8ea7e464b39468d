/** `@org/finance-db/import`: files of banks as rows for `transactions.import`. */
export { csvTransactions } from './csv.js'
export { type CsvLayout, type CsvMapping, type CsvOptions, csvLayout, csvMapping, csvOptions } from './csv-options.js'
export { type DateFormat, dateFormats } from './dates.js'
