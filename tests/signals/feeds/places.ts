/**
 * How banks write, by country. In a pattern `{m}` is the name as its owner writes it, `{M}` in capitals, `{p}` a person, `{own}`
 * the one whose account it is, `{c}` a city, `{k}` the end of the card's number, `{w}` what it is for; `{n8}`, `{a8}` are
 * digits and codes of that length that are new each time, `{N8}`, `{A8}` those that stay with the payee; `{dd.mm.yyyy}` and
 * the like are the day, `{Mon}` its month in the country's language, and `{amt}` the amount.
 */
export interface Place {
  readonly currency: string
  readonly minor: number
  /** What a coffee costs there, as a number of what it costs in dollars or euros. */
  readonly scale: number
  readonly months: readonly string[]
  readonly cities: readonly string[]
  readonly people: readonly string[]
  readonly words: Readonly<Record<'rent' | 'salary' | 'savings' | 'power' | 'loan', string>>
  readonly shops: Readonly<Record<'groceries' | 'coffee' | 'fuel' | 'meals' | 'other', readonly string[]>>
  readonly services: Readonly<Record<'online' | 'telecom' | 'power' | 'insurance' | 'gym' | 'loan', readonly string[]>>
  readonly employers: readonly string[]
  readonly patterns: Readonly<Record<Wording, readonly string[]>>
}

/** `online` is a card on file, `debit` a direct debit, `order` a standing order, `sent` a payment from one person to another. */
export type Wording =
  'shop' | 'online' | 'debit' | 'order' | 'sent' | 'received' | 'pay' | 'cash' | 'toOwn' | 'fromOwn' | 'payCard' | 'cardPaid'

const english = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const world = ['Netflix.com', 'Spotify', 'Disney Plus', 'Dropbox', 'Audible', 'Canva', 'NYTimes', 'Patreon', 'OpenAI ChatGPT', 'Adobe', 'Duolingo', 'Headspace', 'Strava', 'Notion Labs', 'Grammarly', 'YouTube Premium', 'Crunchyroll', 'iCloud', 'LinkedIn', 'Nintendo']

export const places: Readonly<Record<string, Place>> = {
  US: {
    currency: 'USD', minor: 2, scale: 1, months: english,
    cities: ['SEATTLE WA', 'AUSTIN TX', 'BROOKLYN NY', 'PORTLAND OR'],
    people: ['Jordan Miller', 'Casey Nguyen', 'Maria Gonzalez', 'Tyler Brooks', 'Priya Shah'],
    words: { rent: 'rent', salary: 'PAYROLL', savings: 'savings', power: 'ELEC BILL', loan: 'LOAN PMT' },
    shops: {
      groceries: ['Safeway', "Trader Joe's", 'Kroger', 'QFC', 'Whole Foods'], coffee: ['Starbucks', 'Blue Bottle Coffee', "Peet's"],
      fuel: ['Shell Oil', 'Chevron', '76'], meals: ['Chipotle', 'Thai Basil', 'Shake Shack', 'Pho Viet'], other: ['Target', 'CVS/Pharmacy', 'Home Depot', 'Ace Hdwe'],
    },
    services: {
      online: [...world, 'Hulu', 'Peloton'], telecom: ['Verizon Wireless', 'Comcast Xfinity', 'T-Mobile'], power: ['Puget Sound Energy', 'PG&E', 'Seattle City Light'],
      insurance: ['GEICO', 'State Farm', 'Progressive'], gym: ['Planet Fitness', '24 Hour Fitness'], loan: ['Toyota Financial', 'Nelnet', 'Rocket Mortgage'],
    },
    employers: ['Initech LLC', 'Acme Logistics', 'County of King', 'Globex Corp'],
    patterns: {
      shop: ['{M} #{n4} {c}', 'POS DEBIT {M} {n4} {c}', 'PURCHASE AUTHORIZED ON {mm/dd} {M} {c} S{n15} CARD {k}', 'CHECKCARD {mmdd} {M} {c} {n23}', 'DEBIT CARD PURCHASE XXXXX{k} {M} {c}', 'SQ *{M} {c}', 'TST* {M} {c}'],
      online: ['{M} 866-{n3}-{n4} CA', '{M}*{a9} 800-{n3}-{n4} CA', 'PAYPAL *{M} 402-935-7733 CA', 'RECURRING PAYMENT AUTHORIZED ON {mm/dd} {M} {n3}-{n7} CA S{n15} CARD {k}', 'SP {M} NEW YORK NY', 'CHECKCARD {mmdd} {M} {n10} CA {n23} RECURRING'],
      debit: ['{M} DES:AUTOPAY ID:{a10} INDN:{own} CO ID:{N10} WEB', '{M} BILL PAYMT {n6} {own}', '{M} PAYMENT {n9} WEB ID: {N10}', 'ACH DEBIT {M} AUTOPAY {yymmdd} {n10}', 'EXT WITHDRAWAL {M} {n8}'],
      order: ['ZELLE PAYMENT TO {p} {a10}', 'ONLINE TRANSFER TO {p} REF #{a10} {w}', 'BILL PAY {p} ON-LINE NO ACCOUNT NUMBER ON {mm-dd}'],
      sent: ['ZELLE PAYMENT TO {p} {a10}', 'VENMO PAYMENT {n13} {own} WEB ID: {N10}', 'CASH APP*{p}'],
      received: ['ZELLE PAYMENT FROM {p} {a10}', 'VENMO CASHOUT PPD ID: {N10}'],
      pay: ['{M} DES:PAYROLL ID:{n8} INDN:{own} CO ID:{N10} PPD', '{M} PAYROLL {yymmdd} {n10} {own}', '{M} DIR DEP {n8} PPD ID: {N10}'],
      cash: ['ATM WITHDRAWAL {n6} {mm/dd} {c}', 'NON-CHASE ATM WITHDRAW {n6} {mm/dd} {c}'],
      toOwn: ['Online Transfer to SAV ...{k} transaction#: {n10} {mm/dd}', 'ONLINE TRANSFER REF #{a10} TO WAY2SAVE ON {mm/dd/yy}'],
      fromOwn: ['Online Transfer from CHK ...{k} transaction#: {n10}', 'ONLINE TRANSFER REF #{a10} FROM EVERYDAY CHECKING ON {mm/dd/yy}'],
      payCard: ['CHASE CREDIT CRD AUTOPAY {n9} PPD ID: {N10}', 'CITI CARD ONLINE PAYMENT {n15}', 'AMERICAN EXPRESS ACH PMT {a5} {own}'],
      cardPaid: ['AUTOMATIC PAYMENT - THANK YOU', 'ONLINE PAYMENT, THANK YOU', 'MOBILE PAYMENT - THANK YOU'],
    },
  },
  UK: {
    currency: 'GBP', minor: 2, scale: 0.85, months: english,
    cities: ['LONDON', 'LEEDS', 'BRISTOL', 'GLASGOW'],
    people: ['Oliver Hughes', 'Amelia Khan', 'J Patel', 'Mrs S Whitfield', 'Harry Evans'],
    words: { rent: 'RENT', salary: 'SALARY', savings: 'SAVINGS', power: 'ELECTRIC', loan: 'LOAN' },
    shops: {
      groceries: ['Tesco Stores', "Sainsbury's S/Mkts", 'Lidl GB', 'Waitrose'], coffee: ['Pret A Manger', 'Costa Coffee', 'Greggs'],
      fuel: ['Shell', 'BP Connect', 'Esso Tesco'], meals: ['Nandos', 'Dishoom', 'Wagamama', 'Deliveroo'], other: ['Boots', 'Argos', 'B & Q', 'TFL Travel CH'],
    },
    services: {
      online: [...world, 'NOW TV', 'Guardian News'], telecom: ['EE Limited', 'Vodafone Ltd', 'Virgin Media Pymts', 'Sky Digital'], power: ['British Gas', 'Octopus Energy', 'Thames Water'],
      insurance: ['Aviva', 'Admiral Insurance', 'Royal London'], gym: ['PureGym Ltd', 'The Gym Group'], loan: ['Black Horse Ltd', 'Nationwide B S', 'Halifax Mtg'],
    },
    employers: ['Brightwell Ltd', 'NHS Trust', 'Mercia Foods PLC', 'Leeds City Council'],
    patterns: {
      shop: ['CARD PAYMENT TO {M},{amt} GBP, RATE 1.00/GBP ON {dd-mm-yyyy}', '{M} {n4} {c} GB', '{dd}{MON} {M} {c} CD {k}', 'POS{dd}{MON} {M}', '{k} {dd}{MON}{yy} , {M} , {c} GB'],
      online: ['{M} {n3}-{n7} GB', '{M} LONDON GB', '{M}, PAYPAL *{M} {n10}', 'CARD SUBSCRIPTION TO {M} ON {dd-mm-yyyy}', 'PAYPAL *{M} 35314369001 GB'],
      debit: ['DIRECT DEBIT PAYMENT TO {M} REF {A12}, MANDATE NO {N4}', '{M} {A12} DDR', 'DD {M}', '{M} REF {N10} DD'],
      order: ['STANDING ORDER VIA FASTER PAYMENT TO {p} REFERENCE {w}, MANDATE NO {N4}', '{p} {w} STO', 'STO {p} {w}'],
      sent: ['{p} VIA MOBILE - PYMT FP {dd/mm/yy} {n2} {n20}', 'FASTER PAYMENTS PAYMENT TO {p} REF {n6}', 'BILL PAYMENT VIA FASTER PAYMENT TO {p} REFERENCE {w}, MANDATE NO {n4}'],
      received: ['FASTER PAYMENTS RECEIPT REF.{w} FROM {p}', '{p} FPI {n8}'],
      pay: ['FASTER PAYMENTS RECEIPT REF.SALARY FROM {M}', 'BANK GIRO CREDIT REF {M}, {N6}', '{M} SALARY BGC'],
      cash: ['CASH WITHDRAWAL AT BARCLAYS ATM {c},{amt} GBP , ON {dd-mm-yyyy}', 'LNK {c} CD {k} {dd}{MON}{yy}'],
      toOwn: ['TRANSFER TO SAVINGS', 'TO A/C {n8} VIA MOBILE XFER', 'TFR TO {own} {n8}'],
      fromOwn: ['TRANSFER FROM CURRENT ACCOUNT', 'FROM A/C {n8} VIA MOBILE XFER', 'TFR FROM {own} {n8}'],
      payCard: ['DIRECT DEBIT PAYMENT TO BARCLAYCARD REF {N12}, MANDATE NO {N4}', 'AMERICAN EXPRESS EXP {N10} DDR'],
      cardPaid: ['PAYMENT RECEIVED - THANK YOU', 'DIRECT DEBIT PAYMENT - THANK YOU'],
    },
  },
  DE: {
    currency: 'EUR', minor: 2, scale: 1, months: ['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September', 'Oktober', 'November', 'Dezember'],
    cities: ['BERLIN', 'HAMBURG', 'KOELN', 'MUENCHEN'],
    people: ['Lena Hoffmann', 'Karl-Heinz Vogt', 'Familie Brandt', 'Murat Yilmaz', 'Jonas Keller'],
    words: { rent: 'MIETE', salary: 'LOHN/GEHALT', savings: 'SPAREN', power: 'ABSCHLAG STROM', loan: 'DARLEHEN' },
    shops: {
      groceries: ['REWE Markt', 'EDEKA', 'LIDL DIENSTL', 'ALDI SUED'], coffee: ['Backwerk', 'Balzac Coffee', 'Kamps'],
      fuel: ['ARAL AG', 'JET-Tankstelle', 'Shell Deutschland'], meals: ['Vapiano', 'Doener Haus', 'Lieferando'], other: ['DM Drogerie', 'OBI Bau', 'Rossmann', 'MediaMarkt'],
    },
    services: {
      online: [...world, 'DAZN', 'Zeit Verlag'], telecom: ['Telekom Deutschland GmbH', 'Vodafone GmbH', '1&1 Telecom'], power: ['Vattenfall Europe Sales GmbH', 'E.ON Energie Deutschland', 'Stadtwerke'],
      insurance: ['HUK-COBURG', 'Allianz Versicherungs-AG', 'Debeka'], gym: ['McFIT GmbH', 'FitX Deutschland'], loan: ['Santander Consumer Bank', 'ING-DiBa AG'],
    },
    employers: ['Muster Maschinenbau GmbH', 'Charite Universitaetsmedizin', 'Land Berlin'],
    patterns: {
      shop: ['Kartenzahlung {M} SAGT DANKE. {n8}//{c}/DE {yyyy-mm-dd}T{n2}:{n2}:{n2} KFN 1 VJ 2812', '{M}//{c}/DE / {dd.mm} {n2}.{n2}UHR', 'GIROCARD {M} FIL {n4} {c} {dd.mm.yy} {n2}.{n2} UHR', 'VISA {M} {c} {dd.mm}'],
      online: ['PayPal Europe S.a.r.l. et Cie S.C.A EREF+{n13} PP.{N4}.PP . {m}, Ihr Einkauf bei {m}', '{M} {c} NR {n10} VISA KARTE', 'LASTSCHRIFT PAYPAL EUROPE S.A R.L. ET CIE., S.C.A. {n13}/PP.{N4}.PP/. {M}, IHR EINKAUF BEI {M}', 'KARTENZAHLUNG {M} {dd.mm.yyyy} {n6}'],
      debit: ['SEPA-BASISLASTSCHRIFT {M} EREF+{n12} MREF+{A12} CRED+DE{N2}ZZZ{N11} SVWZ+{w} {Mon} {yyyy}', 'FOLGELASTSCHRIFT {M} Kd-Nr. {N9} Rg-Nr. {n10} vom {dd.mm.yyyy}', 'Lastschrift (Einzugsermächtigung) {m} RECHNUNG {n9} / {mm/yyyy}', 'EREF: {n12} MREF: {A10} CRED: DE{N2}ZZZ{N11} IBAN: DE{N20} NAME: {m} {w}'],
      order: ['DAUERAUFTRAG {p} {w} {Mon} {yyyy}', 'DAUERAUFTRAG/TERMINUEB. SVWZ+{w} {mm/yyyy} {p}', '{p} {w} Wohnung {N2}'],
      sent: ['UEBERWEISUNG {p} SVWZ+danke {n4}', 'ECHTZEIT-UEBERWEISUNG {p} DATUM {dd.mm.yyyy}, {n2}.{n2} UHR', 'Ueberweisung {p} {w}'],
      received: ['GUTSCHRIFT {p} SVWZ+{w}', 'ECHTZEIT-GUTSCHRIFT {p}'],
      pay: ['LOHN/GEHALT {M} EREF+{n10} SVWZ+BEZUEGE {mm/yyyy}', 'GUTSCHRIFT {M} LOHN / GEHALT {mm}/{yy} PERS.NR. {N6}', 'LOHN GEHALT {M} ABRECHNUNG {Mon}'],
      cash: ['BARGELDAUSZAHLUNG GA NR{n8} BLZ{N8} {dd.mm}/{n2}.{n2}UHR {c}', 'GELDAUTOMAT {c} {dd.mm}'],
      toOwn: ['UMBUCHUNG AUF TAGESGELD {n10}', 'UEBERTRAG {own} SPAREN', 'Umbuchung {own}'],
      fromOwn: ['UMBUCHUNG VON GIROKONTO {n10}', 'UEBERTRAG {own} SPAREN', 'Umbuchung {own}'],
      payCard: ['KREDITKARTENABRECHNUNG {dd.mm.yyyy}', 'LASTSCHRIFT KREDITKARTENABRECHNUNG VISA {k}'],
      cardPaid: ['AUSGLEICH KREDITKARTE GEM. ABRECHNUNG V. {dd.mm.yyyy}', 'ZAHLUNG DANKEND ERHALTEN'],
    },
  },
  FR: {
    currency: 'EUR', minor: 2, scale: 1, months: ['JANVIER', 'FEVRIER', 'MARS', 'AVRIL', 'MAI', 'JUIN', 'JUILLET', 'AOUT', 'SEPTEMBRE', 'OCTOBRE', 'NOVEMBRE', 'DECEMBRE'],
    cities: ['PARIS', 'LYON', 'LILLE', 'NANTES'],
    people: ['Camille Durand', 'M Lefebvre', 'Sophie Moreau', 'SCI des Lilas', 'Karim Benali'],
    words: { rent: 'LOYER', salary: 'SALAIRE', savings: 'EPARGNE', power: 'ELECTRICITE', loan: 'ECHEANCE PRET' },
    shops: {
      groceries: ['CARREFOUR CITY', 'MONOPRIX', 'FRANPRIX', 'E.LECLERC'], coffee: ['Paul', 'Columbus Cafe', 'Boulangerie Marie'],
      fuel: ['TOTAL ACCESS', 'ESSO EXPRESS'], meals: ['Big Fernand', 'Le Petit Bistrot', 'Uber Eats'], other: ['FNAC', 'Pharmacie du Marche', 'Decathlon', 'RATP'],
    },
    services: {
      online: [...world, 'Canal+', 'Deezer'], telecom: ['Free Telecom', 'Orange SA', 'SFR', 'Bouygues Telecom'], power: ['EDF clients particuliers', 'ENGIE', 'Veolia Eau'],
      insurance: ['MAIF', 'AXA France', 'GMF Assurances'], gym: ['Basic Fit France', "L'Orange Bleue"], loan: ['Cofidis', 'Credit Logement', 'Sofinco'],
    },
    employers: ['Dupont Industrie SAS', 'Mairie de Lyon', 'Atelier Vert SARL'],
    patterns: {
      shop: ['CARTE {dd/mm} {M} {c} CB*{k}', 'PAIEMENT CB {ddmm} {M} {c} CARTE {k}', 'CB {M} FACT {ddmmyy}', 'PAIEMENT PAR CARTE X{k} {M} {c} {dd/mm}', 'ACHAT CB {M} {dd.mm.yy} CARTE NUMERO {k}'],
      online: ['CARTE {dd/mm} {M} PARIS CB*{k}', 'PAIEMENT CB {ddmm} PAYPAL *{M} CARTE {k}', 'CB {M} FACT {ddmmyy}', 'PRLV SEPA PAYPAL EUROPE S.A.R.L. ET CIE S.C.A {n13}/PAYPAL {M}'],
      debit: ['PRLV SEPA {M} ECH/{ddmmyy} ID EMETTEUR/FR{N2}ZZZ{N6} MDT/{A10} REF/{a12}', 'PRELEVEMENT {M} {n10} {A12}', 'PRLV {M} NUM {n10} ECH {dd/mm/yy}', 'PRELEVEMENT EUROPEEN {n10} DE: {M} ID: FR{N2}ZZZ{N6} MOTIF: {w} {n8} REF: {a12} MANDAT {A10}'],
      order: ['VIR SEPA {p} {w} {Mon}', 'VIREMENT PERMANENT POUR: {p} REF: {n12} MOTIF: {w}', 'VIR PERM {p} {w}'],
      sent: ['VIR INSTANTANE EMIS {p} {n12}', 'VIREMENT EMIS WEB {p} MOTIF: {w}', 'LYDIA *{p}'],
      received: ['VIR RECU {n10} DE: {p} MOTIF: {w}', 'VIR INST {p}'],
      pay: ['VIR RECU {n10} DE: {M} MOTIF: SALAIRE {mm/yyyy}', 'VIREMENT SALAIRE {M} {n8}', 'VIR SEPA {M} PAIE {Mon} {yyyy}'],
      cash: ['RETRAIT DAB {dd/mm/yy} {n2}H{n2} LCL {c} CB*{k}', 'RETRAIT CB {c} {dd/mm}'],
      toOwn: ['VIREMENT VERS LIVRET A {own}', 'VIR COMPTE EPARGNE {own} {n6}'],
      fromOwn: ['VIREMENT DEPUIS COMPTE CHEQUES {own}', 'VIR {own} {n6}'],
      payCard: ['PRELEVEMENT CARTE DE CREDIT {k}', 'RELEVE DIFFERE CARTE {k}'],
      cardPaid: ['REGLEMENT RELEVE CARTE', 'PRELEVEMENT AUTOMATIQUE RECU MERCI'],
    },
  },
  ES: {
    currency: 'EUR', minor: 2, scale: 0.8, months: ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'],
    cities: ['MADRID', 'VALENCIA', 'SEVILLA', 'BILBAO'],
    people: ['Lucia Fernandez', 'Javier Ruiz Lopez', 'Carmen Ortega', 'Pablo Iglesias Gil'],
    words: { rent: 'ALQUILER', salary: 'NOMINA', savings: 'AHORRO', power: 'LUZ', loan: 'PRESTAMO' },
    shops: {
      groceries: ['MERCADONA', 'CARREFOUR EXPRESS', 'DIA'], coffee: ['Cafeteria Sol', 'Granier', 'Bar Manolo'],
      fuel: ['REPSOL', 'CEPSA', 'BALLENOIL'], meals: ['Goiko', '100 Montaditos', 'Glovo'], other: ['El Corte Ingles', 'Farmacia Lda', 'Leroy Merlin', 'Primaprix'],
    },
    services: {
      online: [...world, 'Filmin', 'Movistar+'], telecom: ['Telefonica de Espana', 'Vodafone Espana SAU', 'Digi Spain'], power: ['Iberdrola Clientes', 'Endesa Energia', 'Canal de Isabel II'],
      insurance: ['Mapfre Espana', 'Mutua Madrilena', 'Sanitas'], gym: ['Basic-Fit Spain', 'Gimnasio Altafit'], loan: ['Cetelem', 'Banco Santander Hip'],
    },
    employers: ['Construcciones Vega SL', 'Ayuntamiento de Madrid', 'Talleres Norte SA'],
    patterns: {
      shop: ['COMPRA EN {M}, {c}, TARJ. :*{n6}{k}', 'PAGO CON TARJETA EN {M} {c} {dd/mm}', 'COMPRA TARJ. {n4}XXXXXXXX{k} {M}-{c}', '{M} {c} ES'],
      online: ['COMPRA INTERNET EN {M}, {n10}, TARJ. :*{n6}{k}', 'PAGO CON TARJETA EN PAYPAL *{M} {n10}', '{M} {n9} ES', 'COMPRA EN {M} , AMSTERDAM, TARJETA {n12}{k} , COMISION 0,00'],
      debit: ['RECIBO {M} Nº RECIBO {n4} {n4} {n3} {a7} REF. MANDATO {A12}', 'ADEUDO {M} {n12}', 'DOMICILIACION {M} {n8}', 'ADEUDO RECIBO {M} REF {a10} {Mon} {yyyy}'],
      order: ['TRANSFERENCIA A FAVOR DE {p} CONCEPTO: {w} {Mon}', 'ORDEN PERMANENTE {p} {w}', 'TRANSF. PERIODICA {p} {w} {mm/yyyy}'],
      sent: ['BIZUM A FAVOR DE {p} CONCEPTO: {w}', 'TRANSFERENCIA INMEDIATA A FAVOR DE {p} {n8}', 'BIZUM ENVIADO {p}'],
      received: ['BIZUM DE {p} CONCEPTO: {w}', 'TRANSFERENCIA DE {p}'],
      pay: ['ABONO NOMINA {M}', 'NOMINA {M} {mm/yyyy}', 'TRANSFERENCIA DE {M} CONCEPTO NOMINA {Mon}'],
      cash: ['DISPOSICION EN CAJERO {c} {dd/mm} TARJ *{k}', 'REINTEGRO CAJERO {c}'],
      toOwn: ['TRASPASO A CUENTA AHORRO {n10}', 'TRASPASO EMITIDO {own}'],
      fromOwn: ['TRASPASO DESDE CUENTA {n10}', 'TRASPASO RECIBIDO {own}'],
      payCard: ['LIQUIDACION TARJETA CREDITO {k} {Mon}', 'RECIBO TARJETA DE CREDITO {n8}'],
      cardPaid: ['PAGO LIQUIDACION TARJETA', 'ABONO LIQUIDACION {Mon}'],
    },
  },
  NL: {
    currency: 'EUR', minor: 2, scale: 1, months: ['januari', 'februari', 'maart', 'april', 'mei', 'juni', 'juli', 'augustus', 'september', 'oktober', 'november', 'december'],
    cities: ['AMSTERDAM', 'UTRECHT', 'ROTTERDAM', 'EINDHOVEN'],
    people: ['J de Vries', 'Sanne Bakker', 'P.J. van den Berg', 'M Jansen e/o'],
    words: { rent: 'huur', salary: 'Salaris', savings: 'sparen', power: 'termijnbedrag', loan: 'lening' },
    shops: {
      groceries: ['Albert Heijn', 'JUMBO', 'Lidl', 'PLUS'], coffee: ['Bagels & Beans', 'Coffeecompany', 'Bakker Bart'],
      fuel: ['Tinq', 'Shell Station', 'BP Express'], meals: ['Thuisbezorgd', 'Vapiano', 'FEBO'], other: ['HEMA', 'Kruidvat', 'Action', 'NS Groep'],
    },
    services: {
      online: [...world, 'Videoland', 'NRC Media'], telecom: ['KPN B.V.', 'Ziggo Services BV', 'Odido Netherlands'], power: ['Eneco Services B.V.', 'Vattenfall Klantenservice', 'Waternet'],
      insurance: ['Zilveren Kruis', 'Centraal Beheer', 'VGZ Zorgverzekeraar'], gym: ['Basic-Fit Nederland', 'SportCity'], loan: ['Florius', 'Obvion Hypotheken', 'DUO Hoofdrekening'],
    },
    employers: ['Gemeente Utrecht', 'Van Dijk Bouw B.V.', 'Tulp Software BV'],
    patterns: {
      shop: ['BEA NR:{a6} {dd.mm.yy}/{n2}.{n2} {M} {n4} {c},PAS{N3}', 'BEA, Betaalpas {m} {n4} {c},PAS{N3} NR:{a8}, {dd.mm.yy}/{n2}:{n2}', '{M} {n4} {c} NLD Pasvolgnr: {N3} {dd-mm-yyyy} {n2}:{n2} Transactie: {a6} Term: {a8}', '{M} {c} NLD Apple Pay'],
      online: ['SEPA iDEAL IBAN: NL{N2}DEUT{N10} BIC: DEUTNL2A Naam: {m} via Adyen Omschrijving: {n16} {a8} Kenmerk: {dd-mm-yyyy} {n2}:{n2} {n16}', '{M} {n9} NLD Apple Pay', '{m} via Mollie {a10}', 'eCom {dd.mm.yy}/{n2}.{n2} {M} {c},PAS{N3}'],
      debit: ['SEPA Incasso algemeen doorlopend Incassant: NL{N2}ZZZ{N12} Naam: {m} Machtiging: {A12} Omschrijving: {n10} {Mon} IBAN: NL{N2}INGB{N10}', '/TRTP/SEPA Incasso algemeen doorlopend/CSID/NL{N2}ZZZ{N12}/NAME/{m}/MARF/{A10}/REMI/{w} {n8} {Mon}/IBAN/NL{N2}INGB{N10}/BIC/INGBNL2A/EREF/{n12}', 'Naam: {m} Omschrijving: Factuur {n9} {dd-mm-yyyy} IBAN: NL{N2}RABO{N10} Kenmerk: {n14} Machtiging ID: {A10} Incassant ID: NL{N2}ZZZ{N12} Doorlopende incasso', 'INCASSO {M} {n10}'],
      order: ['SEPA Periodieke overb. IBAN: NL{N2}ABNA{N10} BIC: ABNANL2A Naam: {p} Omschrijving: {w} {Mon}', '/TRTP/SEPA OVERBOEKING/IBAN/NL{N2}RABO{N10}/BIC/RABONL2U/NAME/{p}/REMI/{w} {Mon}/EREF/NOTPROVIDED', 'Naam: {p} Omschrijving: {w} IBAN: NL{N2}INGB{N10} Periodieke overschrijving'],
      sent: ['Tikkie {p} via ABN AMRO {n10}', '/TRTP/SEPA OVERBOEKING/IBAN/NL{N2}RABO{N10}/BIC/RABONL2U/NAME/{p}/REMI/{n4}/EREF/NOTPROVIDED', 'Naam: {p} Omschrijving: {w} IBAN: NL{N2}INGB{N10} Datum/Tijd: {dd-mm-yyyy} {n2}:{n2}'],
      received: ['/TRTP/SEPA OVERBOEKING/IBAN/NL{N2}ABNA{N10}/BIC/ABNANL2A/NAME/{p}/REMI/{w}/EREF/NOTPROVIDED', 'Naam: {p} Omschrijving: terug {n2}'],
      pay: ['SEPA Overboeking IBAN: NL{N2}INGB{N10} BIC: INGBNL2A Naam: {m} Omschrijving: SALARIS {Mon} {yyyy} Kenmerk: {n10}', '/TRTP/SEPA OVERBOEKING/IBAN/NL{N2}RABO{N10}/BIC/RABONL2U/NAME/{m}/REMI/Salaris {mm}/{yyyy}/EREF/{n10}'],
      cash: ['GEA NR:{a6} {dd.mm.yy}/{n2}.{n2} GELDMAAT {c},PAS{N3}', 'Geldopname {c} {dd-mm-yyyy}'],
      toOwn: ['Naar Oranje spaarrekening {n9}', 'Overboeking naar eigen spaarrekening {own}'],
      fromOwn: ['Van betaalrekening {n9}', 'Overboeking van eigen rekening {own}'],
      payCard: ['Incasso ICS creditcard afrekening {n10}', 'Creditcardafrekening {Mon}'],
      cardPaid: ['GEINCASSEERD VORIG SALDO', 'Betaling ontvangen, dank u'],
    },
  },
  CZ: {
    currency: 'CZK', minor: 2, scale: 24, months: ['leden', 'únor', 'březen', 'duben', 'květen', 'červen', 'červenec', 'srpen', 'září', 'říjen', 'listopad', 'prosinec'],
    cities: ['PRAHA 1', 'BRNO', 'OSTRAVA', 'PLZEN'],
    people: ['Novák Jan', 'Petra Svobodová', 'SVJ Lipová', 'Tomáš Dvořák'],
    words: { rent: 'nájem', salary: 'mzda', savings: 'spoření', power: 'záloha elektřina', loan: 'splátka' },
    shops: {
      groceries: ['ALBERT', 'BILLA', 'LIDL DEKUJE ZA NAKUP', 'TESCO'], coffee: ['Costa Coffee', 'Mamacoffee', 'Pekarna Kabat'],
      fuel: ['BENZINA', 'MOL', 'OMV'], meals: ['Bageterie Boulevard', 'U Fleku', 'Wolt'], other: ['DM Drogerie', 'Alza.cz', 'IKEA', 'Dr. Max Lekarna'],
    },
    services: {
      online: [...world, 'Voyo', 'Seznam Premium'], telecom: ['O2 Czech Republic', 'T-Mobile Czech Republic', 'Vodafone CZ'], power: ['ČEZ Prodej', 'PRE', 'innogy Energie'],
      insurance: ['Kooperativa', 'Česká pojišťovna', 'Allianz pojišťovna'], gym: ['John Reed Fitness', 'Form Factory'], loan: ['Hypoteční banka', 'Home Credit'],
    },
    employers: ['Škoda Auto a.s.', 'Magistrát hl. m. Prahy', 'Softhouse s.r.o.'],
    patterns: {
      shop: ['Platba kartou {M}, {c} {dd.mm.yyyy}', 'PLATBA KARTOU {n4}XX{k} {M} {c} CZ', '{M} {n4} {c} d.t. {dd.mm.yyyy}', 'Nákup dne {dd.mm.yyyy}, částka {amt} CZK {M}, {c}'],
      online: ['Platba kartou {M}, AMSTERDAM {dd.mm.yyyy}', 'Nákup na internetu {M} {n9} d.t. {dd.mm.yyyy}', 'GOPAY *{M} {dd.mm.}'],
      debit: ['Inkaso {m} VS {N10} KS 0558', 'INKASO {M} {n10}', 'SIPO {m} {N10}', 'Platba {m} VS:{n10} SS:{N6}'],
      order: ['Trvalý příkaz {p} {w}', 'TRVALÝ PŘÍKAZ {N6}-{N10}/0800 {p} {w} {mm/yyyy}', 'Platba trvalým příkazem {p} VS {N8}'],
      sent: ['Odchozí úhrada {p} {n6}', 'Okamžitá platba {p} {w}', 'QR platba {p} {n8}'],
      received: ['Příchozí úhrada {p}', 'Příchozí okamžitá platba {p} {w}'],
      pay: ['Příchozí úhrada {m} mzda {mm/yyyy}', 'MZDA {Mon} {M} VS {N6}', 'Výplata {M} {mm}/{yyyy}'],
      cash: ['Výběr z bankomatu {c} {dd.mm.yyyy}', 'VYBER ATM CS {c}'],
      toOwn: ['Převod na spořicí účet {own}', 'Vlastní převod {n10} spoření'],
      fromOwn: ['Převod z běžného účtu {own}', 'Vlastní převod {n10}'],
      payCard: ['Splátka kreditní karty {k}', 'Inkaso kreditní karta {n10}'],
      cardPaid: ['Splátka úvěru - děkujeme', 'Přijatá splátka kreditní karta'],
    },
  },
  PL: {
    currency: 'PLN', minor: 2, scale: 4.3, months: ['styczeń', 'luty', 'marzec', 'kwiecień', 'maj', 'czerwiec', 'lipiec', 'sierpień', 'wrzesień', 'październik', 'listopad', 'grudzień'],
    cities: ['WARSZAWA', 'KRAKOW', 'GDANSK', 'WROCLAW'],
    people: ['Anna Kowalska', 'Piotr Wiśniewski', 'Wspólnota Mieszkaniowa', 'Marek Zieliński'],
    words: { rent: 'czynsz', salary: 'wynagrodzenie', savings: 'oszczędności', power: 'energia', loan: 'rata' },
    shops: {
      groceries: ['BIEDRONKA', 'ZABKA', 'LIDL', 'CARREFOUR'], coffee: ['Costa', 'Green Caffe Nero', 'Cukiernia Sowa'],
      fuel: ['ORLEN STACJA', 'BP', 'CIRCLE K'], meals: ['Pyszne.pl', 'Bar Mleczny', 'Pizza Hut'], other: ['ROSSMANN', 'ALLEGRO', 'CASTORAMA', 'JAKDOJADE'],
    },
    services: {
      online: [...world, 'Player.pl', 'Legimi'], telecom: ['Orange Polska', 'Play P4 Sp. z o.o.', 'UPC Polska'], power: ['PGE Obrót', 'Tauron Sprzedaż', 'Innogy Stoen'],
      insurance: ['PZU SA', 'Warta', 'Link4'], gym: ['CityFit', 'Benefit Systems'], loan: ['Santander Consumer', 'mBank Hipoteczny'],
    },
    employers: ['Kogut Transport Sp. z o.o.', 'Urząd Miasta', 'Softwarehouse SA'],
    patterns: {
      shop: ['ZAKUP PRZY UŻYCIU KARTY {M} {c} PL {dd.mm.yyyy}', 'Płatność kartą {dd.mm.yyyy} Nr karty 4246xx{k} {M} {c}', '{M} {n4}/{c} DATA TRANSAKCJI: {yyyy-mm-dd}', 'ZAKUP BLIK {M} {n11}'],
      online: ['{M} /AMSTERDAM DATA TRANSAKCJI: {yyyy-mm-dd}', 'Płatność kartą {dd.mm.yyyy} Nr karty 4246xx{k} {M}', 'PAYU*{M} {n10}', 'PAYPRO SA {M} {n8}'],
      debit: ['POLECENIE ZAPŁATY {M} {N12} {n8}', 'Przelew do {m} faktura {n8}/{mm}/{yyyy}', 'PRZELEW WYCHODZĄCY {M} F/{n10}'],
      order: ['ZLECENIE STAŁE {p} {w}', 'Przelew - zlecenie stałe {p} {w} {Mon} {yyyy}'],
      sent: ['PRZELEW NA TELEFON {p} BLIK {n9}', 'Przelew wychodzący {p} {w}', 'PRZELEW EXPRESS {p} {n8}'],
      received: ['PRZELEW PRZYCHODZĄCY {p} {w}', 'BLIK PRZELEW OD {p}'],
      pay: ['PRZELEW PRZYCHODZĄCY {M} WYNAGRODZENIE ZA {mm/yyyy}', 'UZNANIE {M} PENSJA {Mon}', 'Przelew wynagrodzenie {M} {n8}'],
      cash: ['WYPŁATA Z BANKOMATU {c} {dd.mm.yyyy}', 'WYPŁATA GOTÓWKI EURONET {c}'],
      toOwn: ['PRZELEW WŁASNY NA KONTO OSZCZĘDNOŚCIOWE', 'Przelew własny {own} {n8}'],
      fromOwn: ['PRZELEW WŁASNY Z KONTA OSOBISTEGO', 'Przelew własny {own} {n8}'],
      payCard: ['SPŁATA KARTY KREDYTOWEJ {k}', 'Automatyczna spłata karty {n8}'],
      cardPaid: ['SPŁATA KARTY - DZIĘKUJEMY', 'Spłata należności {k}'],
    },
  },
  SE: {
    currency: 'SEK', minor: 2, scale: 11, months: ['januari', 'februari', 'mars', 'april', 'maj', 'juni', 'juli', 'augusti', 'september', 'oktober', 'november', 'december'],
    cities: ['STOCKHOLM', 'GÖTEBORG', 'MALMÖ', 'UPPSALA'],
    people: ['Erik Lindqvist', 'Anna Bergström', 'BRF Solgläntan', 'Ali Hassan'],
    words: { rent: 'Hyra', salary: 'LÖN', savings: 'SPAR', power: 'EL', loan: 'LÅN' },
    shops: {
      groceries: ['ICA NARA', 'COOP', 'HEMKOP', 'WILLYS'], coffee: ['Espresso House', 'Wayne´s Coffee', 'Pressbyran'],
      fuel: ['CIRCLE K', 'OKQ8', 'PREEM'], meals: ['MAX BURGERS', 'Sushi Yama', 'FOODORA'], other: ['APOTEK HJARTAT', 'CLAS OHLSON', 'SYSTEMBOLAGET', 'SL'],
    },
    services: {
      online: [...world, 'Viaplay', 'Storytel'], telecom: ['Telia Sverige AB', 'Tele2', 'Telenor Sverige'], power: ['Vattenfall AB', 'Fortum Markets', 'Ellevio'],
      insurance: ['Folksam', 'If Skadeförsäkring', 'Trygg-Hansa'], gym: ['SATS', 'Nordic Wellness', 'Friskis & Svettis'], loan: ['SBAB Bank', 'CSN'],
    },
    employers: ['Volvo Personvagnar', 'Region Stockholm', 'Fjäll Konsult AB'],
    patterns: {
      shop: ['KORTKÖP {yymmdd} {M} {c}', 'Kortköp {M} {c} {yyyy-mm-dd}', 'K*{M}', '{M} {c}   /{yy-mm-dd}', 'RESERVATION KORTKÖP {M}'],
      online: ['{M} /{yy-mm-dd}', 'KORTKÖP {yymmdd} {M} STOCKHOLM', 'KLARNA*{M}', 'PAYPAL *{M} {n10}'],
      debit: ['AUTOGIRO {M}', 'Autogiro {m} {N10}', 'BG {N4}-{N4} {M}', 'E-FAKTURA {M} {n12}', 'BETALNING BG {N7} {M} OCR {n14}'],
      order: ['STÅENDE ÖVERFÖRING {p} {w}', 'ÖVERFÖRING {p} {w} {Mon}', '{w} {p} {n10}'],
      sent: ['SWISH BETALNING {p}', 'SWISH {p} {n10}', 'ÖVERFÖRING {p} {n8}'],
      received: ['SWISH INBETALNING {p}', 'INSÄTTNING {p}'],
      pay: ['LÖN {M}', 'LÖN', '{M} LÖNEUTBETALNING {n8}'],
      cash: ['BANKOMATUTTAG {c} {yymmdd}', 'UTTAG BANKOMAT {c}'],
      toOwn: ['ÖVERFÖRING SPARKONTO {n10}', 'Egen överföring {own}'],
      fromOwn: ['ÖVERFÖRING LÖNEKONTO {n10}', 'Egen överföring {own}'],
      payCard: ['BETALNING KREDITKORT {n10}', 'AUTOGIRO SEB KORT MASTERCARD'],
      cardPaid: ['INBETALNING TACK', 'BETALT BG DATUM {yymmdd}'],
    },
  },
  IN: {
    currency: 'INR', minor: 2, scale: 40, months: english,
    cities: ['MUMBAI', 'BENGALURU', 'PUNE', 'DELHI'],
    people: ['Rahul Sharma', 'Anjali Iyer', 'Suresh Kumar', 'Fatima Sheikh', 'Vikram Reddy'],
    words: { rent: 'rent', salary: 'SALARY', savings: 'RD', power: 'ELECTRICITY', loan: 'EMI' },
    shops: {
      groceries: ['Reliance Fresh', 'DMart', 'BigBasket', 'Zepto'], coffee: ['Chai Point', 'Cafe Coffee Day', 'Third Wave'],
      fuel: ['Indian Oil', 'HPCL', 'BPCL'], meals: ['Swiggy', 'Zomato', 'Haldirams'], other: ['Amazon Pay', 'Flipkart', 'Apollo Pharmacy', 'Uber India'],
    },
    services: {
      online: [...world, 'Hotstar', 'Zee5'], telecom: ['Airtel', 'Reliance Jio', 'ACT Fibernet'], power: ['BESCOM', 'Tata Power', 'Adani Electricity'],
      insurance: ['LIC of India', 'HDFC Ergo', 'Star Health'], gym: ['Cult Fit', "Gold's Gym"], loan: ['Bajaj Finance', 'HDFC Ltd Home'],
    },
    employers: ['Infotech Solutions Pvt Ltd', 'State Govt Treasury', 'Bharat Motors Ltd'],
    patterns: {
      shop: ['UPI/{n12}/Payment/{m}@ybl/YES BANK/{a10}', 'UPI-{M}-{N6}@OKHDFC-HDFC{N7}-{n12}-PAID VIA UPI', 'POS {N6}XXXXXX{k} {M}', 'POS/{M}/{c}/{ddmmyy}/{n2}:{n2}', 'UPI/DR/{n12}/{M}/HDFC/{N10}/Pay'],
      online: ['ECOM/{M}/{n12}/{ddmmyy}', 'SI {M} {N6}XXXXXX{k} {n12}', 'UPI/MANDATE/{n12}/{M}/{a10}', 'ME DC SI {N6}XXXXXX{k} {M}', 'RAZORPAY*{M} {n8}'],
      debit: ['ACH D- {M}-{N10}', 'NACH/{M}/{n12}', 'BIL/ONL/{n12}/{M}/{a8}', 'BILLDESK*{M} {n10}', 'ECS/{M}/{N12}/{ddmmyy}'],
      order: ['IMPS-{n12}-{p}-HDFC-XXXXXX{N4}-{w}', 'UPI/{n12}/{w}/{p}@okicici/ICICI Bank/{a8}', 'NEFT DR-SBIN{N7}-{p}-NETBANK, MUM-{n10}-{w}', 'SI-{p}-{w}-{n10}'],
      sent: ['UPI/{n12}/UPI/{p}@ybl/State Bank/{a10}', 'UPI-{p}-{N6}@PAYTM-{n12}', 'IMPS-{n12}-{p}-ICIC'],
      received: ['UPI/CR/{n12}/{p}/SBIN/{w}', 'IMPS-{n12}-{p}-CR'],
      pay: ['NEFT CR-ICIC{N7}-{M}-SALARY {MON} {yyyy}-{n12}', 'SALARY FOR {MON} {M}', 'ACH C- {M}-SAL{n8}'],
      cash: ['ATW-{N6}XXXXXX{k}-{n8}-{c}', 'NWD-{N6}XXXXXX{k}-{n8}-{c}', 'ATM WDL {c} {n6}'],
      toOwn: ['FUND TRF TO SAVINGS {n10} SELF', 'NEFT SELF TRANSFER {n12}', 'TPT-SELF-{own}-{n10}'],
      fromOwn: ['FUND TRF FROM {n10} SELF', 'NEFT CR SELF TRANSFER {n12}', 'TPT-SELF-{own}'],
      payCard: ['CC {N6}XXXXXX{k} AUTOPAY SI-TAD', 'IB BILLPAY DR-HDFC CREDIT CARD-{n8}'],
      cardPaid: ['AUTOPAY THANK YOU', 'NETBANKING TRANSFER PAYMENT RECEIVED {n10}'],
    },
  },
  BR: {
    currency: 'BRL', minor: 2, scale: 5, months: ['janeiro', 'fevereiro', 'março', 'abril', 'maio', 'junho', 'julho', 'agosto', 'setembro', 'outubro', 'novembro', 'dezembro'],
    cities: ['SAO PAULO', 'RIO DE JANEI', 'CURITIBA', 'RECIFE'],
    people: ['João Pereira', 'Maria Aparecida', 'Lucas Souza', 'Imobiliaria Azul', 'Ana Beatriz'],
    words: { rent: 'aluguel', salary: 'SALARIO', savings: 'poupança', power: 'CONTA LUZ', loan: 'PARCELA' },
    shops: {
      groceries: ['PAO DE ACUCAR', 'CARREFOUR', 'ASSAI', 'EXTRA'], coffee: ['Padaria Real', 'Casa do Pao', 'Suplicy'],
      fuel: ['POSTO IPIRANGA', 'POSTO SHELL', 'AUTO POSTO BR'], meals: ['IFOOD', 'Outback', 'Bar do Ze'], other: ['DROGASIL', 'MERCADO LIVRE', 'LOJAS AMERIC', 'UBER'],
    },
    services: {
      online: [...world, 'Globoplay', 'Smart Fit App'], telecom: ['Vivo Telefonica', 'Claro SA', 'TIM Celular'], power: ['Enel SP', 'CPFL Energia', 'SABESP'],
      insurance: ['Porto Seguro', 'Bradesco Saude', 'SulAmerica'], gym: ['SMARTFIT', 'Bio Ritmo'], loan: ['BV Financeira', 'Caixa Habitacao'],
    },
    employers: ['METALURGICA SUL LTDA', 'PREFEITURA MUNICIPAL', 'TECH BRASIL SA'],
    patterns: {
      shop: ['COMPRA CARTAO DEB MC {dd/mm} {M}', 'RSHOP-{M} -{dd/mm}', 'PG *{M}', 'MP *{M}', 'COMPRA NO DEBITO - {M} {c}', 'VISA ELECTRON {dd/mm} {M}'],
      online: ['EBN *{M}', 'DL*{M}', 'COMPRA CARTAO {dd/mm} {M} SAO PAULO BR', 'PAYPAL *{M}', '{M} PARC {dd/mm}'],
      debit: ['DEB AUTOM {M} {n8}', 'DÉBITO AUTOMÁTICO {M}', 'DA  {M} {N10}', 'PGTO CONTA {M} {n12}', 'PAG BOLETO {M} {n12}'],
      order: ['PIX ENVIADO {p} {dd/mm} {n2}:{n2}', 'PIX TRANSF {p} {dd/mm}', 'TED ENVIADA {p} {w} {n8}'],
      sent: ['PIX ENVIADO {p} {dd/mm} {n2}:{n2}', 'PIX QRS {p} {dd/mm}', 'TRANSFERENCIA PIX DES: {p} {dd/mm}'],
      received: ['PIX RECEBIDO {p} {dd/mm}', 'PIX TRANSF {p} {dd/mm}'],
      pay: ['CREDITO SALARIO {M}', 'TED RECEBIDA {M} SALARIO {mm/yyyy}', 'PAGTO SALARIO {M} {n8}'],
      cash: ['SAQUE 24H {c} {n8}', 'SAQUE ATM {n6} {c}'],
      toOwn: ['APLICACAO POUPANCA {n8}', 'TRANSF ENTRE CONTAS {own}'],
      fromOwn: ['DEPOSITO POUPANCA {n8}', 'TRANSF ENTRE CONTAS {own}'],
      payCard: ['PAGTO CARTAO CREDITO {k}', 'PAGAMENTO FATURA CARTAO {n8}'],
      cardPaid: ['PAGAMENTO RECEBIDO OBRIGADO', 'PAGAMENTO EFETUADO'],
    },
  },
  JP: {
    currency: 'JPY', minor: 0, scale: 130, months: ['1月', '2月', '3月', '4月', '5月', '6月', '7月', '8月', '9月', '10月', '11月', '12月'],
    cities: ['東京', '大阪', 'ナゴヤ', '札幌'],
    people: ['タナカ タロウ', 'スズキ ハナコ', 'ヤマモト ケン', 'サトウ ユミ'],
    words: { rent: '家賃', salary: '給与', savings: '貯金', power: '電気', loan: 'ローン' },
    shops: {
      groceries: ['イオンリテール', 'セイユウ', 'ライフ'], coffee: ['スターバックス', 'ドトールコーヒー', 'セブン-イレブン'],
      fuel: ['ENEOS', '出光', 'コスモ石油'], meals: ['マクドナルド', 'スキヤ', 'サイゼリヤ'], other: ['ユニクロ', 'マツモトキヨシ', 'AMAZON.CO.JP', 'ヨドバシカメラ'],
    },
    services: {
      online: [...world, 'U-NEXT', 'NIKKEI'], telecom: ['NTTドコモ', 'ソフトバンク', 'KDDI'], power: ['東京電力', '東京ガス', '水道局'],
      insurance: ['日本生命', 'アフラック', '東京海上'], gym: ['ANYTIME FITNESS', 'コナミスポーツ'], loan: ['住宅金融支援機構', 'オリコ'],
    },
    employers: ['カ)ヤマダ製作所', 'トヨタ自動車', 'ソフト開発(カ'],
    patterns: {
      shop: ['{M} {c}', 'デビット {n6} {M}', 'VISA {M} {n4}', '{M} {n3}店'],
      online: ['{M} TOKYO', 'VISAデビット {M} {n6}', 'PAYPAL *{M} {n10}', '{M}*{a8}'],
      debit: ['口座振替 {M}', '口座振替 {M} {n6}', 'DF.{M}', '{M} {N8}'],
      order: ['振込 {p}', '定額自動振込 {p} {w}'],
      sent: ['振込 {p}', 'ことら送金 {p} {n6}'],
      received: ['振込 {p} {n4}', '振込入金 {p}'],
      pay: ['給与 {M}', '振込 キユウヨ {M}', '給与振込 {M} {n4}'],
      cash: ['カード {c} {n6}', 'ATM出金 {c}', '提携ATM引出 {n6}'],
      toOwn: ['振替 貯蓄預金 {n7}', '振替 {own}'],
      fromOwn: ['振替 普通預金 {n7}', '振替 {own}'],
      payCard: ['口座振替 ミツイスミトモカード', 'カード利用代金 {n6}'],
      cardPaid: ['口座振替によるお支払い', 'お支払い ありがとうございます'],
    },
  },
  KW: {
    currency: 'KWD', minor: 3, scale: 0.31, months: english,
    cities: ['KUWAIT CITY', 'SALMIYA', 'HAWALLI', 'FARWANIYA'],
    people: ['Ahmad Al Sabah', 'Fatma Khaled', 'Joseph Mathew', 'Noura Hamad'],
    words: { rent: 'RENT', salary: 'SALARY', savings: 'SAVINGS', power: 'MEW', loan: 'LOAN INSTALLMENT' },
    shops: {
      groceries: ['LULU HYPERMARKET', 'SULTAN CENTER', 'CITY CENTRE'], coffee: ['Caribou Coffee', '% Arabica', 'Costa'],
      fuel: ['KNPC', 'OULA FUEL', 'ALFA'], meals: ['TALABAT', 'Mais Alghanim', 'Slider Station'], other: ['XCITE', 'Boots', 'IKEA', 'Careem'],
    },
    services: {
      online: [...world, 'Shahid VIP', 'OSN'], telecom: ['Zain Kuwait', 'STC Kuwait', 'Ooredoo'], power: ['MEW Kuwait', 'Sahel Gov'],
      insurance: ['Gulf Insurance', 'Warba Insurance'], gym: ['Oxygen Gym', 'Platinum Health Club'], loan: ['Ahli Auto', 'Gulf Housing'],
    },
    employers: ['KUWAIT OIL CO', 'MINISTRY OF EDUCATION', 'ALSHAYA TRADING'],
    patterns: {
      shop: ['POS PURCHASE {M} {c} KWT {n6}', 'KNET {n12} {M}', '{M} {c} KWT CARD {k}', 'POS {dd/mm/yyyy} {n2}:{n2} {M}'],
      online: ['INTERNET PURCHASE {M} {n9}', '{M} {n10} NLD CARD {k}', 'MYFATOORAH*{M} {n8}', 'TAP*{M}'],
      debit: ['AUTO DEBIT {M} {N8}', 'BILL PAYMENT {M} {n10}', 'DD {M} REF {n8}'],
      order: ['STANDING ORDER {p} {w} {n8}', 'SO {p} {w}'],
      sent: ['TRANSFER TO {p} {n10}', 'WAMD {p} {n8}', 'LINK PAYMENT {p}'],
      received: ['TRANSFER FROM {p} {n10}', 'WAMD FROM {p}'],
      pay: ['SALARY {M} {mm/yyyy}', 'SAL CR {M} {n8}', 'SALARY TRANSFER {M}'],
      cash: ['ATM CASH WDL {n6} {c}', 'CASH WITHDRAWAL {c} {dd/mm}'],
      toOwn: ['TRANSFER BETWEEN OWN ACCOUNTS {n10}', 'TFR TO SAVINGS {n10}'],
      fromOwn: ['TRANSFER BETWEEN OWN ACCOUNTS {n10}', 'TFR FROM CURRENT {n10}'],
      payCard: ['CREDIT CARD PAYMENT {k}', 'CC SETTLEMENT {n8}'],
      cardPaid: ['PAYMENT RECEIVED THANK YOU', 'CREDIT CARD PAYMENT RECEIVED'],
    },
  },
}
