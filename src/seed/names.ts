// Written by scripts/seed-names.ts from @faker-js/faker. Everybody’s sample data hangs on it: not edited, but versioned.

/** Given names. */
export const firstNames = words(
  'Abe|Abelardo|Addison|Adela|Adonis|Adrien|Alex|Alfred|Amos|Anastacio|Andrea|Anna|Arianna|Arielle|Arthur|Aryanna|' +
    'Ashlynn|Athena|August|Aurelie|Avis|Baby|Bernadette|Bertrand|Blair|Blake|Bradford|Bradley|Breanna|Brendan|Brent|' +
    'Buford|Burnice|Cale|Cameron|Cayla|Celia|Christie|Christophe|Clarence|Claudine|Cleve|Colin|Concepcion|Corine|' +
    'Cortney|Cristina|Cruz|Cyril|Dagmar|Daisha|Damian|Damion|Danyka|Darian|Darien|Dasia|Dave|Dax|Delphine|Demarcus|' +
    'Demond|Derek|Diamond|Dillan|Dolores|Douglas|Dovie|Dylan|Earl|Eden|Edyth|Elbert|Eleonore|Eliza|Elizabeth|Ella|' +
    'Ellis|Eloisa|Elva|Elvie|Emerald|Emily|Emmitt|Enrico|Estell|Eugenia|Everette|Ewell|Faith|Fausto|Felicity|Fleta|' +
    'Flora|Floyd|Foster|Fred|Freida|Fritz|Ginger|Gisselle|Gregg|Gregoria|Hailee|Haleigh|Haley|Henri|Herbert|Herman|' +
    'Hermina|Hollis|Ignacio|Ila|Ima|Isac|Isadore|Ivah|Izabella|Jabari|Jack|Jaclyn|Jacynthe|Jamie|Jamir|Janiya|' +
    'Jarret|Jarrod|Jason|Jessie|Jessy|Joannie|Joey|Johnson|Jonathon|Jordane|Juana|Julio|Junius|Justine|Kacey|' +
    'Kaitlyn|Karley|Karlie|Kasey|Kavon|Kaycee|Kaylah|Keeley|Keely|Kellie|Kennedi|Kennith|Keyshawn|Kris|Kristian|' +
    'Kristopher|Kristy|Laron|Lauretta|Lavern|Lawrence|Leann|Lee|Lelah|Lennie|Leonora|Lessie|Linnie|Lorenz|Lucie|' +
    'Lynda|Mabel|Mable|Macey|Maci|Macie|Madelyn|Mae|Makenna|Malika|Manuela|Marguerite|Mariane|Marilyne|Marjolaine|' +
    'Marlee|Marlin|Marty|Maryse|Matthew|Mattie|Maxie|Merl|Michael|Miller|Miranda|Monica|Moses|Mozelle|Nicklaus|' +
    'Nicola|Noble|Nora|Norberto|Norene|Novella|Odessa|Oliver|Oscar|Pearlie|Peggy|Quinton|Randy|Ransom|Reuben|Rex|' +
    'Rhoda|Robbie|Robin|Rocio|Roger|Roman|Ronaldo|Rosanna|Roxanne|Royce|Rufus|Salvador|Santina|Sergio|Shaina|' +
    'Shakira|Shawna|Shyann|Shyanne|Sim|Susanna|Tianna|Timmothy|Timothy|Todd|Tre|Tressa|Tristin|Tyree|Tyrel|Vallie|' +
    'Vance|Velda|Vernie|Vicente|Vicki|Virgil|Winifred|Winnifred|Woodrow|Xavier|Yolanda|Yoshiko|Zion',
)

/** Family names. */
export const lastNames = words(
  'Abbott|Abernathy|Abernathy-Mraz|Abshire|Adams|Adams-Halvorson|Altenwerth|Anderson|Ankunding|Armstrong|Auer|' +
    'Aufderhar|Aufderhar-Klein|Bailey|Barrows|Bartoletti|Bashirian|Batz|Bauch|Baumbach|Bayer|Beahan|Beatty|Becker|' +
    'Bednar|Beer|Beier|Berge|Bergnaum|Bergnaum-McKenzie|Bergstrom|Bernier|Bins|Blanda|Blick|Block|Bode|Boehm|Bogan|' +
    'Borer|Borer-Hegmann|Bosco|Botsford|Boyer|Boyle|Boyle-Jaskolski|Brakus|Braun|Breitenberg|Breitenberg-Connelly|' +
    'Brekke|Brown|Brown-Heaney|Bruen|Buckridge|Cartwright|Casper|Casper-Gorczany|Cassin|Champlin-Greenholt|' +
    'Champlin-Ondricka|Christiansen|Christiansen-Adams|Cole|Collier|Collier-Goldner|Collins|Conn|Connelly|Conroy|' +
    'Corkery|Corwin|Cremin|Crona|Cronin|Crooks|Cruickshank|Cummerata|Cummings|Dach|Dach-Sporer|Daniel|Dare|Davis|' +
    'Deckow|Denesik|Dibbert|Dibbert-Koss|Dickens|Dicki|Dietrich|Dietrich-Dickinson|Donnelly|Dooley|Douglas|' +
    'Douglas-Gutkowski|Doyle|Doyle-Gorczany|DuBuque|Effertz|Emard|Emmerich|Erdman|Fadel|Fahey|Fahey-Schaden|Farrell|' +
    'Fay|Feeney|Feest|Feil|Feil-Blick|Ferry|Fisher|Flatley|Frami|Franecki|Franey|Friesen|Fritsch|Funk|Gerhold|' +
    'Gerlach|Gibson|Gislason|Gleason|Gleichner|Gleichner-Quigley|Glover|Goldner|Goodwin|Gorczany|Gottlieb|Goyette|' +
    'Grady|Graham|Grant-Rau|Green|Greenfelder|Greenholt|Grimes|Gulgowski|Gutkowski|Gutmann|Haag|Hackett|Hagenes|' +
    'Haley|Halvorson|Hamill|Hammes|Hand|Hansen|Harber|Harris|Hartmann|Harvey|Hauck|Hayes|Heathcote|Hegmann|' +
    'Hegmann-Daugherty|Heidenreich|Heller|Herman|Hermann|Hermiston|Herzog|Hessel|Hettinger|Hettinger-Abshire|Hickle|' +
    'Hilll|Hilpert|Hilpert-Wehner|Hintz|Hirthe|Hodkiewicz|Hoeger|Homenick|Hoppe|Howe|Howell|Huels|Hyatt|Jacobi|' +
    'Jacobs|Jacobson|Jaskolski|Jast|Jenkins|Jerde|Johns|Johnson|Jones|Kassulke|Kautzer|Keebler|Keeling|Kemmer|' +
    'Kerluke|Kertzmann|Kessler|Kiehn|Kihn|Kihn-Hilll|Kilback|King|Kirlin|Klein|Kling|Kling-Daniel|Koch|Koelpin|' +
    'Koepp|Kohler|Konopelski|Koss|Kovacek|Kozey|Kozey-Breitenberg|Krajcik|Kreiger|Kris|Kshlerin|Kub|Kuhic|Kuhlman|' +
    'Kuhn|Kuhn-Kulas|Kulas|Kunde|Kunze|Kutch|Lang|Langosh|Langworth|Larkin|Larkin-Herman|Larkin-Reinger|Larson|' +
    'Leannon|Leannon-Mohr|Lebsack|Ledner|Leffler|Lehner|Lesch|Leuschke|Lind|Lindgren|Littel|Little|Lowe|Lubowitz|' +
    'Lubowitz-Tillman|Lueilwitz|Luettgen|Lynch|MacGyver|Macejkovic|Maggio|Mann|Mante|Marks|Marquardt|Marvin|Mayer|' +
    'Mayert|McCullough|McDermott|McGlynn-Lowe|McKenzie|McKenzie-Rippin|McLaughlin|Medhurst|Mertz|Metz|Miller|Mills|' +
    'Mitchell|Moen|Moen-Ullrich|Mohr|Monahan|Moore|Morar|Morissette|Mosciski|Mueller|Muller|Murazik|Nader|' +
    'Nader-McCullough|Nicolas|Nienow|Nikolaus|Nitzsche|Nolan|Nolan-Haag|Oberbrunner|Okuneva|Olson|Orn|Ortiz|Osinski|' +
    'Pacocha|Padberg|Parisian|Parker|Paucek|Pfannerstill-Durgan|Pfeffer|Pollich|Pouros|Powlowski|Predovic|Price|' +
    'Prohaska|Prosacco|Purdy|Quigley|Quitzon|Rath|Rau|Raynor|Reichel|Reichert|Reilly|Reilly-Christiansen|Reinger|' +
    'Rempel|Renner|Reynolds|Rice|Rippin|Ritchie|Ritchie-Schneider|Robel|Robel-Beatty|Roberts|Rodriguez|Rogahn|Rohan|' +
    'Romaguera|Roob|Rosenbaum|Rowe-Luettgen|Ruecker|Ruecker-Quigley|Runolfsdottir|Runolfsson|Runte|Russel|' +
    'Rutherford|Ryan|Sanford|Satterfield|Sawayn|Schaden|Schaefer|Schamberger|Schiller|Schimmel|Schmeler|Schmidt|' +
    'Schmitt|Schoen|Schowalter|Schroeder|Schulist|Schultz-Osinski|Schumm|Schuppe|Schuster|Senger|Shanahan|Shields|' +
    'Simonis|Sipes|Sipes-Erdman|Sipes-Klein|Skiles|Smith|Spencer|Spinka|Sporer|Stamm|Stark|Stehr|Steuber|Stiedemann|' +
    'Stiedemann-Wyman|Stokes-Mueller|Stoltenberg|Stracke|Streich|Stroman-Romaguera|Swaniawski-Walker|Swift|Terry|' +
    'Thiel|Thompson|Tillman|Torp|Torphy|Towne|Toy|Trantow|Tremblay|Treutel|Tromp|Turcotte|Turner|Ullrich|Upton|' +
    'Vandervort|Veum|Veum-Rowe|Volkman|Von|Waelchi|Walker|Walker-Hilpert|Walter|Waters|Watsica|Weber|Wehner|Weimann|' +
    'Weissnat|Welch|West|White|Wiegand|Wiegand-Mayert|Wilderman|Wilkinson|Will|Williamson|Willms|Windler|Wintheiser|' +
    'Wisoky|Wisozk|Wisozk-Hermiston|Wiza|Wolf|Wolf-Graham|Wolff|Wuckert|Wunsch|Wunsch-Donnelly|Wyman|Wyman-Boyer|' +
    'Yost|Yundt|Zboncak|Zemlak|Ziemann',
)

/** Who pays people. */
export const companies = words(
  'Altenwerth, Kautzer and Cronin-Funk|Altenwerth, Little and Friesen|Anderson - Reilly-Schoen|' +
    'Anderson, Nader and Weissnat|Armstrong - Wiza|Armstrong Group|Bashirian, Pagac and Leuschke|' +
    'Bauch - McLaughlin-Hilpert|Baumbach - Weimann|Beahan Group|Beahan, Treutel and Shields|Becker, Kunde and Hauck|' +
    'Beer - Lockman|Beier - Hegmann|Beier, Weimann and Donnelly|Bergnaum - Deckow|Bergstrom, Cruickshank and Russel|' +
    'Bernier - Gleichner|Blick Group|Block Inc|Bogisich, Hoeger and Blanda|Borer - Hoppe|Borer - Powlowski|' +
    'Boyer - Connelly|Boyer - Kling|Boyer and Sons|Boyle - Gleichner|Boyle, Batz and Gleason|' +
    'Bradtke, Huel and Koepp|Breitenberg - Grimes|Brekke - Schmitt|Brekke, Kemmer and Hackett|Bruen Inc|' +
    'Bruen, Beer and Boyle|Buckridge Inc|Carroll - Willms|Carroll, Spinka and Heidenreich-Bergnaum|' +
    'Cartwright and Sons|Casper, Schaefer and Padberg|Champlin, Howell and Abbott|Christiansen - Lemke|' +
    'Christiansen Inc|Conn, Crooks and Labadie|Cormier - Bartell|Crona LLC|Crooks Group|' +
    'Cummerata, Heaney and Corwin|Daniel - Hills|Daniel, Carroll and Prosacco|Deckow and Sons|Dickens Inc|' +
    'Dicki and Sons|Dietrich Group|Dietrich LLC|Doyle and Sons|Durgan LLC|Effertz and Sons|' +
    'Effertz, Spencer and Effertz|Emard LLC|Erdman - Jacobson|Erdman - Lemke|Erdman, Schulist and McGlynn|' +
    'Ernser and Sons|Fadel Inc|Farrell - Armstrong|Farrell - Hyatt|Feeney - Sauer|Feest and Sons|Feil LLC|' +
    'Feil, Hahn and Bauch|Franecki Inc|Gerhold, Conroy and Farrell|Gislason, Gleichner and Runolfsson|Glover Group|' +
    'Glover LLC|Glover, Boyle and Schneider|Glover, Stokes and Jakubowski-Veum|Goodwin Group|Grady Group|' +
    'Graham - Schuppe|Greenfelder, Treutel and Denesik|Gusikowski - Hegmann|Gusikowski, Fisher and Kilback|' +
    'Gutmann, Gusikowski and Lueilwitz|Haag, Schaden and Keebler|Hackett and Sons|Hahn, Lowe and Erdman|Haley - Von|' +
    'Haley - Willms|Halvorson - Wisozk|Halvorson and Sons|Hamill Group|Hand Inc|Hane - Nikolaus|' +
    'Hane, Hudson and Lemke|Harber, Yundt and Marquardt|Harris Inc|Hartmann - Gutmann|Heathcote Inc|' +
    'Heidenreich - Boyle|Heidenreich - Mayer|Hessel, Blick and Feeney|Hettinger LLC|Hills LLC|Hills and Sons|' +
    'Hirthe and Sons|Hirthe, Russel and Reinger|Hodkiewicz - Hegmann-Sauer|Hodkiewicz LLC|' +
    'Hoeger, Reichert and Bruen|Hoppe, Bins and Fadel-Daniel|Hyatt Inc|Hyatt, Quitzon and Russel|Jacobi Inc|' +
    'Jacobi LLC|Jaskolski - Hintz|Jast LLC|Jenkins and Sons|Kemmer, Herman and Parker|Kemmer, Spencer and Roob|' +
    'Kerluke - Bayer|Kerluke - Collier|Kerluke-Kozey LLC|Kilback, Pfannerstill and Roob|Kirlin, Dach and Hodkiewicz|' +
    'Kling LLC|Kovacek - Kohler|Kovacek LLC|Kozey-Ruecker, Murray and Kovacek|Kuhn Inc|Kuhn, Hartmann and Keebler|' +
    'Kuhn, Jacobson and Becker|Kulas, Bogan and Schaden|Kunde, Emmerich and Hudson|Kuphal - Cormier|Lakin - Hoeger|' +
    'Lakin, King and Green|Lang - Johnson|Leannon - Kunde|Leuschke LLC|Lindgren - Beahan|Lowe - Feeney|' +
    'Lubowitz - Dickinson|Lynch, Krajcik and Langworth|Mante, Weissnat and Shields|Marvin Group|Marvin and Sons|' +
    'McDermott - Dach|McKenzie Group|Moen - Zemlak|Mohr LLC|Monahan, Bergnaum and Kling|' +
    'Morar, McClure-Kling and Flatley|Morissette-Heaney, Friesen and Romaguera|Mosciski - Gusikowski|Mraz - Ryan|' +
    'Mueller-Erdman, Oberbrunner and McLaughlin|Murphy-Quitzon Group|Murray LLC|Nicolas - Cartwright|Nicolas Group|' +
    'Nikolaus, Orn and Kohler|Nitzsche - Frami|Nitzsche LLC|Ondricka, Cassin and Ritchie|Pacocha - Stanton|' +
    'Pagac and Sons|Parker - Runte|Paucek LLC|Powlowski - Herman|Prosacco, Spinka and Armstrong|' +
    'Rath-Blanda, Monahan and Kunde|Ratke and Sons|Ratke, Roob and Hoeger|Rau LLC|Rau, Wiza and Kirlin|' +
    'Raynor - Beahan|Raynor - Hessel|Reichel - Kilback|Reichel and Sons|Reilly-Moen - McClure|Reynolds - Haag|' +
    'Reynolds and Sons|Rohan Inc|Rohan, Ryan and Goyette|Rosenbaum - Lakin|Runolfsdottir - Raynor|Russel LLC|' +
    'Ryan - Pfeffer|Ryan Inc|Ryan, Ryan and Boyle|Sauer Group|Sawayn - Zboncak|Schaefer - Bashirian|' +
    'Schamberger, Predovic-Kris and Kiehn|Schinner, Russel and Rempel|Schmeler LLC|Schmitt, Okuneva and Champlin|' +
    'Schuster, Legros-Lakin and Torp|Shanahan LLC|Shields - Shanahan|Shields LLC|Shields and Sons|' +
    'Shields, Hirthe and Conn|Shields, Morar and Barton|Skiles, Franey and Emmerich|Smith - Goyette|Smith - Mayert|' +
    'Spinka - Schiller|Spinka - Yost|Sporer, Spinka and Cremin|Stamm and Sons|Stroman - Bogan|Swift - Hintz|' +
    'Swift-Champlin LLC|Terry, Fisher and Becker|Tillman-Farrell Inc|Towne LLC|Toy - Schimmel-Green|' +
    'Turcotte - Dickinson|Upton - Stehr|Vandervort - Schulist|Veum, Mayert and Schuppe|Von - Streich-McKenzie|' +
    'Walsh, Wyman and Kutch|Walter - Runolfsdottir|Walter-Tremblay Group|Ward Group|Ward, Cassin and Kiehn|' +
    'Watsica LLC|Welch, Schmitt and Kulas|White - Little|White LLC|Wilderman - Bartoletti|Wiza Group|' +
    'Wolf, Friesen and Gislason|Wunsch Group|Yundt Group|Zboncak - Hoeger-Simonis|Ziemann, Grant and Schinner',
)

/** Where shops are. */
export const cities = words(
  'Albany|Alexysboro|Andrewborough|Arielleberg|Aubreychester|Auburn|Birmingham|Bobbyport|Bristol|Cedricmouth|' +
    'Champaign|Claudiabury|East Alvenaworth|East Brycenhaven|East Freddyberg|East Kenneth|East Queenie|East Roscoe|' +
    'Erdmantown|Estellatown|Evanston|Fort Bartholome|Fort Eugene|Fort Shanecester|Fort Zachery|Grand Rapids|' +
    'Hauckshire|Hodkiewiczstad|Homenickton|Johns Creek|Jonesshire|Juniusside|Keonstead|Kozeyside|Lake Edenside|' +
    'Lake Jasmine|Lake Teagan|Lakinfurt|Larsonfield|Loweton|Loyalshire|Maggioton|Montgomery|Nathanielcester|' +
    'New Darrelworth|New Gloria|New Hermanstead|New Hoseastad|North Dulceton|North Gussieboro|North Lauderdale|' +
    'North Lisahaven|Norwalk|Palm Coast|Parkerworth|Port Amelia|Port Archibald|Port Gladys|Port Julianboro|Port Loy|' +
    'Port Urbanton|San Bruno|South Eric|South Franco|South Kacie|South Kaiashire|South Pansybury|South Reagan|' +
    'South Sadieboro|South Tina|South Whittier|Tamarac|Towneborough|Veumfort|Walkerberg|West Edythe|West Kadenshire|' +
    'West Nyah|West Oma|West Tamara|West Verniefield|Zelmaberg',
)

function words(text: string): readonly [string, ...string[]] {
  const [first = '', ...rest] = text.split('|')
  return [first, ...rest]
}
