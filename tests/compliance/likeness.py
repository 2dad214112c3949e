"""Pairs of texts, labelled by hand: those that say nearly the same, and those that do not (H-2)."""

ALIKE = {
    "merge fields against their values": (
        "Hi {first_name}, just listed: a 3 bedroom ranch near {city} with a big yard and new roof. Want the photos?",
        "Hi Maya, just listed: a 3 bedroom ranch near Naperville with a big yard and new roof. Want the photos?",
    ),
    "two people's values": (
        "Hi Tom, your home on Alder Ct may be worth more than you think. Want a free valuation this week?",
        "Hi Priya, your home on Birch Lane may be worth more than you think. Want a free valuation this week?",
    ),
    "another agent signs": (
        "This is Bob Tran with Juniper Realty. We have buyers looking in your neighborhood. Any thoughts of selling this year?",
        "This is Alice Moreno with Juniper Realty. We have buyers looking in your neighborhood. Any thoughts of selling this year?",
    ),
    "another sign-off": (
        "Interest rates just dropped again and buyers are back. Want to know what you qualify for now? - Bob",
        "Interest rates just dropped again and buyers are back. Want to know what you qualify for now? - Alice Moreno, Juniper",
    ),
    "other numbers": (
        "Price improved: the colonial with the finished basement is now $389,000. Open house Saturday 1-3 pm, come see it.",
        "Price improved: the colonial with the finished basement is now $412,500. Open house Sunday 2-4 pm, come see it.",
    ),
    "another link": (
        "New homes match your saved search. See photos, prices and open house times: https://juniper.com/s/8Kd2",
        "New homes match your saved search. See photos, prices and open house times: https://bit.ly/3xYz9",
    ),
    "link dropped": (
        "New homes match your saved search. See photos, prices and open house times here: juniper.com/s/1",
        "New homes match your saved search. See photos, prices and open house times here",
    ),
    "capitals": (
        "Last weekend to tour the model homes before prices go up. Book a private showing with our team.",
        "LAST WEEKEND TO TOUR THE MODEL HOMES BEFORE PRICES GO UP. BOOK A PRIVATE SHOWING WITH OUR TEAM.",
    ),
    "punctuation and blanks": (
        "Thinking about downsizing? We help owners sell fast, skip repairs and move on their own schedule.",
        "Thinking  about downsizing ?? We help owners sell fast - skip repairs -- and move on their own schedule !!!",
    ),
    "letters that look alike": (
        "Thinking about downsizing? We help owners sell fast, skip repairs and move on their own schedule.",
        "Тhinking аbоut dоwnsizing? Wе hеlp оwnеrs sеll fаst, skip rеpаirs аnd mоvе оn thеir оwn schеdulе.",
    ),
    "disguised letters": (
        "Sell your home without commission, repairs or open houses. We close in fourteen days, all cash offer.",
        "Se11 your h0me without c0mmission, repa1rs or 0pen h0uses. We cl0se in fourteen days, all c@sh offer.",
    ),
    "zero-width letters": (
        "Our buyers pay above asking for homes like yours in this school district. Curious about the number?",
        "Our buy\u200bers pay ab\u200bove asking for ho\u200bmes like yours in this sch\u200bool district. Curious about the nu\u200bmber?",
    ),
    "accents left out": (
        "Hola María, tenemos compradores interesados en su vecindario. ¿Ha pensado en vender su casa este año?",
        "Hola Jose, tenemos compradores interesados en su vecindario. Ha pensado en vender su casa este ano?",
    ),
    "an emoji more": (
        "Congratulations on your home anniversary! Want an updated estimate of what the house is worth now?",
        "🏡🎉 Congratulations on your home anniversary! 🎉 Want an updated estimate of what the house is worth now? 😊",
    ),
    "one word for another": (
        "Quick question: have you considered selling your property while inventory is this low and demand is high?",
        "Quick question: have you considered selling your home while inventory is this low and demand is high?",
    ),
    "two words for others": (
        "Quick question: have you considered selling your property while inventory is this low and demand is high?",
        "Quick note: have you considered selling your house while inventory is this low and demand is high?",
    ),
    "a sentence more": (
        "We are hosting a first-time buyer seminar with a lender and an inspector. Seats are free but limited.",
        "We are hosting a first-time buyer seminar with a lender and an inspector. Seats are free but limited. Coffee is on us!",
    ),
    "sentences in other order": (
        "We are hosting a first-time buyer seminar with a lender and an inspector. Seats are free but limited. Coffee is on us.",
        "Coffee is on us. Seats are free but limited. We are hosting a first-time buyer seminar with a lender and an inspector.",
    ),
    "a way out more": (
        "Juniper Realty: the market report for your ZIP code is ready. Homes sold in nine days on average last month.",
        "Juniper Realty: the market report for your ZIP code is ready. Homes sold in nine days on average last month. Reply STOP to unsubscribe.",
    ),
    "another way out": (
        "The market report for your neighborhood is ready. Homes sold quickly and above asking last month. Reply STOP to opt out.",
        "The market report for your neighborhood is ready. Homes sold quickly and above asking last month. Text STOP to end. Msg & data rates may apply.",
    ),
    "a greeting more": (
        "Good morning Dana! A cash buyer just asked me about houses on your block. Would you entertain an offer?",
        "A cash buyer just asked me about houses on your block. Would you entertain an offer?",
    ),
    "spelling": (
        "Do you still plan to move before the school year starts? I found three listings that fit your budget.",
        "Do u still plan to move before the school year starts? I found 3 listings that fit ur budget.",
    ),
    "typos": (
        "Refinancing could lower your payment by hundreds. My lender can run the numbers with no credit pull.",
        "Refinancing could lower your paymnet by hundreds. My lender can run the numbers with no credit pull.",
    ),
    "apostrophes": (
        "You're invited to our client appreciation picnic. There's food, games and a raffle, don't miss it.",
        "Youre invited to our client appreciation picnic. Theres food, games and a raffle, dont miss it.",
    ),
    "another city": (
        "Relocating to Austin? Our relocation guide covers schools, commute times, taxes and the best neighborhoods.",
        "Relocating to Round Rock? Our relocation guide covers schools, commute times, taxes and the best neighborhoods.",
    ),
    "a fallback": (
        "{first_name|Neighbor}, the house beside yours sold above asking. Curious what that means for your equity?",
        "Neighbor, the house beside yours sold above asking. Curious what that means for your equity?",
    ),
    "the brokerage named or not": (
        "Bob at Juniper Realty here. Your rental could earn more with professional photos and a pricing review.",
        "Your rental could earn more with professional photos and a pricing review.",
    ),
    "Spanish values": (
        "Hola Ana, soy Luis de Juniper Realty. La casa que le gusto bajo de precio y sigue disponible. ¿Quiere verla?",
        "Hola Carmen, soy Rosa de Juniper Realty. La casa que le gusto bajo de precio y sigue disponible. ¿Quiere verla?",
    ),
    "dates in words": (
        "Reminder: our charity food drive at the office runs until Friday, March 6. Bring canned goods, win a gift basket.",
        "Reminder: our charity food drive at the office runs until Monday, April 27. Bring canned goods, win a gift basket.",
    ),
    "shortened": (
        "Just sold around the corner: four offers in one weekend, twenty thousand over list. Want me to estimate yours?",
        "Just sold around the corner: four offers in one weekend, twenty thousand over list. Estimate yours?",
    ),
    "a long text with one change": (
        "Market update for homeowners: inventory fell again, mortgage rates eased slightly and the median price rose. Sellers who stage and photograph professionally keep getting more showings and stronger offers than those who don't. If you would like a printed report with comparable sales, reply and I will drop one off at your door this week.",
        "Market update for homeowners: inventory fell again, mortgage rates eased slightly and the median price jumped. Sellers who stage and photograph professionally keep getting more showings and stronger offers than those who don't. If you would like a printed report with comparable sales, reply and I will mail one to your home this month.",
    ),
    "line breaks": (
        "Tour list for this weekend:\nfenced yards, two car garages, walkable schools.\nReply with the ones you want to see.",
        "Tour list for this weekend: fenced yards, two car garages, walkable schools. Reply with the ones you want to see.",
    ),
    "letters full width": (
        "Stop renting and start owning: our lender offers grants that cover the whole down payment for nurses.",
        "Ｓｔｏｐ ｒｅｎｔｉｎｇ ａｎｄ ｓｔａｒｔ ｏｗｎｉｎｇ: our lender offers grants that cover the whole down payment for nurses.",
    ),
    "words around the same core": (
        "Your neighbors are selling: three houses on your street went under contract this month. Wondering what yours would bring?",
        "FYI your neighbors are selling: three houses on your street went under contract this month! Ever wonder what yours would bring?",
    ),
}

APART = {
    "another matter": (
        "Just listed: a 3 bedroom ranch near Naperville with a big yard and new roof. Want the photos?",
        "Your inspection report came back clean except for the water heater. Shall we ask the seller for a credit?",
    ),
    "the same way out": (
        "Juniper Realty: your showing request was approved by the listing agent. Reply STOP to unsubscribe.",
        "Juniper Realty: mortgage rates eased again, ask us what that changes for you. Reply STOP to unsubscribe.",
    ),
    "the same greeting and name": (
        "Hi Maya, this is Bob Tran with Juniper Realty. The appraisal came in at value, so the loan can close.",
        "Hi Maya, this is Bob Tran with Juniper Realty. Do the sellers need an extra week to find movers?",
    ),
    "same person, same house": (
        "The buyers of Alder Ct want to bring a contractor before closing to measure the kitchen cabinets.",
        "The sellers of Alder Ct accepted your offer, congratulations! Earnest money is due within two days.",
    ),
    "two invitations": (
        "You are invited to our client appreciation picnic with food, games and a raffle in the park.",
        "You are invited to a first-time buyer seminar with a lender, an inspector and a title officer.",
    ),
    "two price changes worded apart": (
        "The seller of the colonial cut the price and will look at offers before the weekend is over.",
        "Great news, the condo downtown you toured got cheaper; should we write something up?",
    ),
    "valuation and rental": (
        "Want to know what your home is worth? I can send comparable sales from the last ninety days.",
        "Want to know what your rental could earn? I can introduce you to our property manager.",
    ),
    "seller and buyer": (
        "Have you considered selling your home while inventory is low and demand from relocating families is high?",
        "Have you spoken with a lender yet? A preapproval letter makes your offer stronger than the others.",
    ),
    "two reminders": (
        "Reminder: the photographer arrives at nine, please hide the trash cans and open all curtains.",
        "Reminder: your final walkthrough is before signing, bring the repair receipts and a phone charger.",
    ),
    "two questions of documents": (
        "Could you send me the last two pay stubs, bank statements and the gift letter for underwriting?",
        "Could you forward the HOA bylaws, the survey and the septic permit to the buyers' attorney?",
    ),
    "Spanish, other matters": (
        "Hola Ana, la casa que le gusto bajo de precio y sigue disponible. ¿Quiere verla el sabado?",
        "Hola Ana, el banco necesita sus ultimos recibos de sueldo y una copia de la licencia.",
    ),
    "Spanish and English": (
        "Tenemos compradores interesados en su vecindario. ¿Ha pensado en vender su casa este año?",
        "We have buyers interested in your neighborhood. Have you thought of selling your house this year?",
    ),
    "two updates": (
        "Update on the title search: an old lien shows up, the attorney is asking the bank for a release.",
        "Update on the showing feedback: most visitors loved the light but found the kitchen small.",
    ),
    "two thanks": (
        "Thank you for touring the model homes, your loyalty card and floor plans are in the mail.",
        "Thank you for the referral, your cousin signed with us and a gift card is on the way.",
    ),
    "two closings": (
        "Closing moved to next week because the lender waits for the flood certificate from the insurer.",
        "Closing gift idea: would you rather have a landscape consultation or a smart lock installed?",
    ),
    "two listings described": (
        "Three bedrooms, fenced yard, two car garage, walking distance to the elementary school and library.",
        "Penthouse with skyline terrace, concierge, gym and parking; association fees include heat and cable.",
    ),
    "two open houses of different homes": (
        "Open house Saturday: craftsman bungalow, original woodwork, restored porch, new boiler, corner lot.",
        "Open house Sunday: lakefront townhouse, private dock, loft bedroom, quartz island, attached garage.",
    ),
    "agents' shop talk": (
        "Lockbox code changed, use the side door and leave a card on the counter for the seller please.",
        "Can you cover my floor shift on the weekend? My daughter plays in the regional soccer final.",
    ),
    "taxes and insurance": (
        "Property tax appeals are due soon, I attached the comparables and the county form for you to sign.",
        "Your insurer wants photos of the roof and panel, can the handyman meet them before lunch?",
    ),
    "lost and found": (
        "You left your sunglasses at the showing, I have them in my car and can drop them off later.",
        "You left the back gate open after the tour, the sellers' dog got out but is home again.",
    ),
    "On my way": ("On my way", "On my way!"),
    "Thanks": ("Thanks!", "Thanks!"),
    "See you": ("See you tomorrow at 3", "See you tomorrow at 4"),
    "Sounds good": ("Sounds good, thank you so much!", "Sounds good, thank you so much!"),
    "a time": ("Can you do 3 pm on Friday?", "Can you do 4 pm on Monday?"),
    "running late": ("Running 5 minutes late, sorry!", "Running 10 minutes late, sorry!"),
    "call me": ("Please call me when you get a chance", "Please call me when you get a chance"),
    "yes": ("Yes, that works for me. See you then!", "Yes, that works for me. See you then!"),
    "did you get it": (
        "Did you get my email from this morning?",
        "Did you get my email from today?",
    ),
    "an address": ("It's 418 Alder Ct, Naperville", "It's 2210 Birch Lane, Naperville"),
    "Spanish talk": ("Muchas gracias, nos vemos mañana", "Muchas gracias, nos vemos el lunes"),
    "congratulations": ("Congratulations!! So happy for you", "Congratulations!! So happy for you"),
    "links alone": ("https://juniper.com/s/8Kd2", "https://juniper.com/s/9Qx1"),
    "nothing": ("", ""),
    "marks": ("👍👍👍", "👍👍👍"),
    "the way out alone": ("Reply STOP to unsubscribe", "Reply STOP to unsubscribe"),
}

# Of the ordinary texts that were written for other rules, these do say nearly the same.
ALIKE_IN_TALK = [
    {
        "Bob Lee here: the seller accepted your offer. Congratulations!",
        "The seller accepted your offer! Congratulations, you won the bid.",
    },
]
