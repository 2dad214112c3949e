"""Labelled texts for the rule of similar texts, by somebody who had not seen the rule or its table (H-2).

Written from the words of the specification alone, and judged once: none of it mended the rule.
"""

# Each family is one message as several agents would send it: other merge fields, or one small edit. Any two are similar.
FAMILIES: tuple[tuple[str, ...], ...] = (
    (
        "Hi Dana, this is Rosa with Juniper Realty. A three bedroom on Alder Court just came on at $389,000. Want to see it Saturday?",
        "Hi Miguel, this is Tom with Juniper Realty. A three bedroom on Birch Lane just came on at $412,500. Want to see it Sunday?",
        "Hello Priya, this is Ann with Juniper Realty. A four bedroom on Cedar Way just came on at $1.2M. Would you like to see it Friday?",
        "Hi Lee! This is Tom with Juniper Realty. A 3 bedroom on Birch Lane just came on at $412,500. Want to see it this Sunday?",
    ),
    (
        "Good morning Sam, quick reminder that our open house at 214 Elm Street runs from 1 to 4 this Sunday. Coffee and cookies on us!",
        "Good morning Olivia, quick reminder that our open house at 8 Harbor View Road runs from 11 to 2 this Saturday. Coffee and cookies on us!",
        "Morning Jo, a quick reminder that our open house at 214 Elm St. runs from 1 to 4 on Sunday. Coffee and cookies are on us :)",
    ),
    (
        "Rates dropped again this week. If you put off refinancing or buying, now could be a good moment to run the numbers. Shall I send you a lender's sheet?",
        "Rates fell again this week. If you put off buying or refinancing, now could be a good moment to run the numbers. Shall I send you a lender's sheet?",
        "Hey Kim, rates dropped again this week! If you put off refinancing or buying, this could be a good moment to run the numbers. Should I send you a lender's sheet?",
        "RATES DROPPED AGAIN THIS WEEK. If you put off refinancing or buying, now could be a good moment to run the numbers. Shall I send you a lenders sheet?",
    ),
    (
        "We have buyers looking in Maple Heights and few homes to show them. Have you thought about what yours would bring today?",
        "We have buyers looking in Stonebridge and few homes to show them. Have you thought about what yours would bring today?",
        "We've got buyers looking in Lakewood and too few homes to show them. Have you thought of what yours would bring today? Reply STOP to opt out",
        "Hi Pat, we have buyers looking in Maple Heights, and few homes to show them. Ever thought about what yours would bring today?",
    ),
    (
        "Your saved search has 4 new matches under $350,000 in Riverside. See them here: https://juniper.example/s/8fk2",
        "Your saved search has 11 new matches under $725,000 in Old Town. See them here: https://juniper.example/s/zz91a",
        "Your saved search has seven new matches under $500,000 in Fairview. View them here: https://juniper.example/s/1qpo",
    ),
    (
        "Thank you for stopping by the open house yesterday! Do you have any questions about the house or the neighborhood?",
        "Thanks for stopping by the open house yesterday! Do you have any questions about the home or the neighborhood?",
        "Thank you so much for stopping by our open house on Sunday, Marta! Do you have any questions about the house or the neighborhood?",
    ),
    (
        "It's been a year since you closed on your home. Happy anniversary! I can send an updated value if you are curious what it is worth now.",
        "It's been 3 years since you closed on your home. Happy anniversary! I can send an updated value if you're curious what it is worth now.",
        "Jordan, it has been a year since you closed on your house. Happy home anniversary! I can send an updated value if you are curious what it's worth now.",
    ),
    (
        "Price improvement! 77 Kestrel Drive is now $459,900, down $15,000. Tours are open tomorrow from noon. Who do you know that might love it?",
        "Price improvement! 1205 W Fulton St is now $298,000, down $7,500. Tours are open tomorrow from noon. Who do you know that might love it?",
        "Price improvement: 77 Kestrel Drive is now $459,900 (down $15,000). Tours open tomorrow from noon. Who do you know who might love it?",
    ),
    (
        "Hola Lucia, soy Carmen de Juniper Realty. Hay una casa nueva de tres cuartos en su zona por $310,000. ¿Quiere verla esta semana?",
        "Hola Ramón, soy Diego de Juniper Realty. Hay una casa nueva de cuatro cuartos en su zona por $445,000. ¿Quiere verla esta semana?",
        "Buenas tardes Lucia, soy Carmen de Juniper Realty. Hay una casa nueva de 3 cuartos en su zona por $310,000. Quiere verla esta semana?",
    ),
    (
        "Our spring market report is out: median price up 4 percent, 21 days on the market. Would you like a copy for your zip code?",
        "Our spring market report is out: median price up 6 percent, 18 days on the market. Would you like a copy for your ZIP code?",
        "Our fall market report is out: median price down 2 percent, 35 days on market. Would you like a copy for your zip code?",
    ),
    (
        "First-time buyers in the county can get up to $10,000 toward a down payment. The class is free, Tuesday at 6 pm at our Main Street office. Save you a seat?",
        "First-time buyers in the county can get up to $15,000 toward a down payment. The class is free, Thursday at 7 pm at our Main Street office. Save you a seat?",
        "First time buyers in the county may get up to $10,000 toward their down payment. Class is free, Tuesday at 6 pm at our Main Street office. Can I save you a seat?",
    ),
    (
        "Just listed near you: brick ranch, fenced yard, finished basement. Showings start Friday. Text me back and I'll put you on the list.",
        "Just listed near you: brick colonial, fenced yard, finished basement. Showings start Thursday. Text me back and I'll put you on the list.",
        "Just listed near you! Brick ranch with fenced yard and finished basement. Showings start on Friday. Text me back and I will put you on the list.",
        "Just listed near you: br1ck ranch, fenced yard, finished basement!! Showings start Friday. Txt me back and I'll put you on the list.",
    ),
    (
        "Hi Theo, I work with investors who buy duplexes for cash and close in three weeks. Would an offer on your building interest you?",
        "Hi Nadia, I work with investors who buy triplexes for cash and close in three weeks. Would an offer on your building interest you?",
        "Hello Theo. I work with investors that buy duplexes for cash and can close within three weeks. Would an offer on your building be of interest?",
    ),
    (
        "The inspection went well and the report is in your inbox. Let's talk through the repair list before we answer the seller on Monday.",
        "The inspection went well and the report is in your email. Let's talk through the repair list before we answer the seller on Wednesday.",
        "Good news Bea, the inspection went well and the report's in your inbox. Let's talk through the repairs list before we answer the sellers on Monday.",
    ),
    (
        "Property tax appeals are due by the end of the month. If your assessment jumped, I can pull three comparable sales for you at no cost.",
        "Property tax appeals are due by the end of March. If your assessment jumped, I can pull three comparable sales for you at no charge.",
        "Reminder: property tax appeals are due by the end of the month. If your assessment jumped I can pull 3 comparable sales for you, at no cost.",
    ),
    (
        "Would you mind leaving us a short review? It takes a minute and helps other families find an agent they can trust: https://juniper.example/r/99",
        "Would you mind leaving us a short review? It takes a minute, and it helps other families find an agent they can trust. https://juniper.example/r/1204",
        "Hi Ivan! Would you mind leaving us a quick review? It takes a minute and helps other families to find an agent they can trust: https://juniper.example/r/7",
    ),
    (
        "Two apartments are opening up on the north side, both with parking and laundry in the unit. Rent starts at $1,650. Want the details?",
        "Two apartments are opening up on the south side, both with parking and laundry in the unit. Rent starts at $1,425. Want the details?",
        "Two apartments are opening up on the north side, both with parking and in-unit laundry. Rent starts at $1,650 a month. Want details?",
    ),
    (
        "Winter is a quiet season for sellers, which means less competition for buyers. I have six homes I think you should look at before February.",
        "Winter is a quiet season for sellers, which means less competition for buyers. I have nine homes I think you should look at before March.",
        "Winter is a slow season for sellers, and that means less competition for buyers. I've six homes that I think you should look at before February.",
    ),
    (
        "Before I forget, Helen: our client party is on the 12th at the botanical garden, families welcome. Can I count you in?",
        "Before I forget, Aziz: our client party is on the 12th at the botanical garden, families welcome. May I count you in?",
        "Before I forget: our client party's on June 12 at the botanical garden and families are welcome. Can we count you in, Helen?",
    ),
    (
        "Land buyers take note: 40 acres with a pond and road frontage outside Mill Creek, surveyed, owner will carry. Maps on request.",
        "Land buyers take note: 65 acres with a pond and road frontage outside Dry Fork, surveyed, owner will carry. Maps on request.",
        "Land buyers, take note! 40 acres with pond and road frontage outside of Mill Creek. Surveyed, owner will carry. Maps upon request.",
    ),
)

# Two texts that share their subject or their manners, and are not the same message.
APART: tuple[tuple[str, str], ...] = (
    (
        "Hi Dana, this is Rosa with Juniper Realty. A three bedroom on Alder Court just came on at $389,000. Want to see it Saturday?",
        "Hi Dana, this is Rosa with Juniper Realty. The seller accepted your offer on Alder Court and we have ten days for the inspection.",
    ),
    (
        "Your saved search has 4 new matches under $350,000 in Riverside. See them here: https://juniper.example/s/8fk2",
        "Your lender sent the approval letter for $350,000. You can download it here: https://juniper.example/d/8fk2",
    ),
    (
        "Good morning Sam, quick reminder that our open house at 214 Elm Street runs from 1 to 4 this Sunday. Coffee and cookies on us!",
        "Good morning Sam, the roofer can meet you at 214 Elm Street on Sunday at 1. Please leave the side gate unlocked for him.",
    ),
    (
        "Rates dropped again this week. If you put off refinancing or buying, now could be a good moment to run the numbers.",
        "Rates are the topic of our podcast this week: two lenders explain points, locks and buydowns in twenty minutes.",
    ),
    (
        "Thank you for stopping by the open house yesterday! Do you have any questions about the house or the neighborhood?",
        "Thank you for sending the signed disclosure yesterday! The title company needs a copy of your photo ID and the payoff letter.",
    ),
    (
        "We have buyers looking in Maple Heights and few homes to show them. Have you thought about what yours would bring today?",
        "The buyers for your house in Maple Heights asked for a second walk through on Thursday with their contractor.",
    ),
    (
        "Price improvement! 77 Kestrel Drive is now $459,900, down $15,000. Tours are open tomorrow from noon.",
        "77 Kestrel Drive went under contract last night, so tomorrow's tour is off. I have two others close by that fit your list.",
    ),
    (
        "Our spring market report is out: median price up 4 percent, 21 days on the market. Would you like a copy for your zip code?",
        "Your appraisal is scheduled: the appraiser comes on the 21st between nine and noon. Would you like me to be there?",
    ),
    (
        "Hola Lucia, soy Carmen de Juniper Realty. Hay una casa nueva de tres cuartos en su zona por $310,000. ¿Quiere verla esta semana?",
        "Hola Lucia, soy Carmen de Juniper Realty. El banco pide sus dos últimos talones de pago y la declaración de impuestos antes del viernes.",
    ),
    (
        "Just listed near you: brick ranch, fenced yard, finished basement. Showings start Friday. Text me back and I'll put you on the list.",
        "Just sold near you: the white cape on the corner, eleven offers in four days. Curious how your own block compares?",
    ),
    (
        "The inspection went well and the report is in your inbox. Let's talk through the repair list before we answer the seller on Monday.",
        "The closing is set for Monday at two at the title company. Bring your driver's license and the cashier's check.",
    ),
    (
        "Two apartments are opening up on the north side, both with parking and laundry in the unit. Rent starts at $1,650. Want the details?",
        "Your lease on the north side ends in two months. Do you want to renew at $1,650 or start looking at places to buy?",
    ),
    (
        "It's been a year since you closed on your home. Happy anniversary! I can send an updated value if you are curious what it is worth now.",
        "Happy birthday from all of us at Juniper! We hope that your year is full of good food, long walks and old friends.",
    ),
    (
        "Property tax appeals are due by the end of the month. If your assessment jumped, I can pull three comparable sales for you at no cost.",
        "The homestead exemption form is due at the county office by the end of the month. You only file it once, and it caps the yearly increase.",
    ),
    (
        "First-time buyers in the county can get up to $10,000 toward a down payment. The class is free, Tuesday at 6 pm at our Main Street office.",
        "Home sellers: on Tuesday at 6 pm our stager shows how to get a house ready in one weekend, free at our Main Street office.",
    ),
    (
        "Winter is a quiet season for sellers, which means less competition for buyers. I have six homes I think you should look at before February.",
        "A freeze is coming tonight. Drip the faucets, open the cabinet doors under the sinks and keep the heat on in your vacant listing.",
    ),
    (
        "Land buyers take note: 40 acres with a pond and road frontage outside Mill Creek, surveyed, owner will carry. Maps on request.",
        "The surveyor found the fence at Mill Creek eleven feet over the line. The neighbor is open to a boundary agreement.",
    ),
    (
        "Would you mind leaving us a short review? It takes a minute and helps other families find an agent they can trust.",
        "Would you mind checking the counter offer I sent? They want a shorter inspection period and will leave the washer and dryer.",
    ),
    (
        "Hi Theo, I work with investors who buy duplexes for cash and close in three weeks. Would an offer on your building interest you?",
        "Hi Theo, the tenants in your duplex reported a leak under the kitchen sink. Should I send our plumber this afternoon?",
    ),
    (
        "Before I forget, Helen: our client party is on the 12th at the botanical garden, families welcome. Can I count you in?",
        "Before I forget, Helen: the movers need the elevator reserved, and the building asks for their insurance certificate two days ahead.",
    ),
)
