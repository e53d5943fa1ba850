//! The campaigns of the made-up contact centre, and how they differ.

/// What is particular about the conversations of a campaign.
pub(super) struct Campaign {
    pub name: &'static str,
    pub department: &'static str,
    /// Its share of the conversations.
    pub weight: u32,
    pub subcampaigns: &'static [(&'static Topic, u32)],
    /// Typical length of a conversation, in seconds.
    pub duration: f64,
    /// Share of calls that the centre makes itself.
    pub outbound: f64,
    /// How much better or worse than average the customers feel.
    pub mood: f64,
    /// Share of silence: looking things up.
    pub silence: f64,
    /// How much more or less than half the agent talks.
    pub talk: f64,
}

/// What the conversations of a subcampaign are about, as pieces of sentences for its summaries.
pub(super) struct Topic {
    pub name: &'static str,
    /// "Customer called …"
    pub reasons: &'static [&'static str],
    /// "The agent …"
    pub actions: &'static [&'static str],
    /// When it was resolved.
    pub solved: &'static [&'static str],
    /// When it was not.
    pub open: &'static [&'static str],
}

pub(super) const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "service",
        department: "customer care",
        weight: 38,
        subcampaigns: &[(BILLING, 45), (MOVING, 25), (ACCOUNT, 30)],
        duration: 330.0,
        outbound: 0.06,
        mood: 0.05,
        silence: 0.14,
        talk: 0.0,
    },
    Campaign {
        name: "sales",
        department: "sales",
        weight: 24,
        subcampaigns: &[(NEW_CUSTOMER, 50), (UPGRADE, 35), (BUSINESS, 15)],
        duration: 420.0,
        outbound: 0.62,
        mood: 0.22,
        silence: 0.08,
        talk: 0.09,
    },
    Campaign {
        name: "support",
        department: "technical support",
        weight: 26,
        subcampaigns: &[(OUTAGE, 40), (INSTALLATION, 35), (DEVICE, 25)],
        duration: 560.0,
        outbound: 0.04,
        mood: -0.18,
        silence: 0.24,
        talk: -0.02,
    },
    Campaign {
        name: "retention",
        department: "customer care",
        weight: 12,
        subcampaigns: &[(CANCELLATION, 60), (RENEWAL, 40)],
        duration: 480.0,
        outbound: 0.28,
        mood: -0.32,
        silence: 0.1,
        talk: 0.04,
    },
];

/// What starts in the story; sales takes its calls.
pub(super) static FIBRE: Campaign = Campaign {
    name: "fibre",
    department: "sales",
    weight: 0,
    subcampaigns: &[(NEW_CUSTOMER, 65), (UPGRADE, 35)],
    duration: 520.0,
    outbound: 0.7,
    mood: -0.2,
    silence: 0.1,
    talk: 0.14,
};

const BILLING: &Topic = &Topic {
    name: "billing",
    reasons: &[
        "about an amount on the latest invoice that was higher than expected",
        "because a direct debit had been collected twice",
        "to ask for a payment arrangement for two open invoices",
        "with a question about a credit note that had not arrived",
        "after receiving a reminder for an invoice that had already been paid",
    ],
    actions: &[
        "went through the invoice line by line",
        "compared the payments with the open items",
        "explained how the first month is charged in part",
        "checked the mandate and the bank details",
    ],
    solved: &[
        "The difference was credited and will show on the next invoice.",
        "A payment plan of three instalments was agreed and confirmed by email.",
        "The reminder was withdrawn and the account is settled.",
    ],
    open: &[
        "The amount remains disputed and was passed on to the finance team.",
        "The customer will send proof of payment before anything can be changed.",
        "No decision could be made without the account holder.",
    ],
};

const MOVING: &Topic = &Topic {
    name: "moving",
    reasons: &[
        "to announce a move at the end of the month",
        "because the service had not been moved to the new address",
        "to ask whether the contract can be taken along to another city",
        "to find out if a connection is available at the new address",
    ],
    actions: &[
        "checked what is available at the new address",
        "entered the new address and the date of the move",
        "explained the overlap of the two connections",
        "looked for an earlier appointment",
    ],
    solved: &[
        "The move is scheduled and a confirmation was sent.",
        "Both addresses will be connected for one week, free of charge.",
        "An appointment with an engineer was booked for the day of the move.",
    ],
    open: &[
        "The new address is not in the system yet, so the request stays open.",
        "The customer wants to compare other offers first.",
        "A colleague will call back once the network check is done.",
    ],
};

const ACCOUNT: &Topic = &Topic {
    name: "account",
    reasons: &[
        "because the login to the customer portal did not work",
        "to change the email address and the bank account",
        "to ask which data are stored and how they can be removed",
        "to put the contract in a partner's name",
    ],
    actions: &[
        "verified the identity with three questions",
        "sent a new link to set the password",
        "updated the details while the customer was on the line",
        "explained the steps in the portal one at a time",
    ],
    solved: &[
        "The login worked again before the call ended.",
        "All details are up to date and were read back.",
        "The form for the change of holder was sent and signed digitally.",
    ],
    open: &[
        "The identity could not be verified, so nothing was changed.",
        "The portal kept showing an error; a ticket was opened.",
        "The customer still has to send the signed form.",
    ],
};

const NEW_CUSTOMER: &Topic = &Topic {
    name: "new customer",
    reasons: &[
        "after reading about the spring offer",
        "to ask for the price of a combined package",
        "to compare the offer with that of the current provider",
        "because a neighbour had recommended the service",
    ],
    actions: &[
        "asked about the household and the usage",
        "compared two packages and their conditions",
        "explained the term, the notice period and the welcome discount",
        "worked out the monthly costs with and without hardware",
    ],
    solved: &[
        "The customer chose the larger package and agreed to the contract by phone.",
        "An order was placed, to start on the first of next month.",
        "The order was confirmed, including the transfer of the old number.",
    ],
    open: &[
        "The customer wants to think about it and asked for the offer by email.",
        "The price was too high compared with the current provider.",
        "A call back was arranged for next week, with the partner present.",
    ],
};

const UPGRADE: &Topic = &Topic {
    name: "upgrade",
    reasons: &[
        "to ask for more speed for working from home",
        "about an offer for existing customers that came by letter",
        "to add a second line for the children",
        "because the data bundle had been used up three months in a row",
    ],
    actions: &[
        "looked at the usage of the past six months",
        "proposed the next larger package with a discount for a year",
        "checked from when the change is possible",
        "explained which extras can be cancelled monthly",
    ],
    solved: &[
        "The upgrade was booked and is active from midnight.",
        "The customer accepted the larger bundle for twelve months.",
        "A second line was added at half the price.",
    ],
    open: &[
        "The customer found the difference in price too large for now.",
        "The upgrade is only possible after the current term ends.",
        "An email with the options was sent; a decision is expected this week.",
    ],
};

const BUSINESS: &Topic = &Topic {
    name: "business",
    reasons: &[
        "to ask for an offer for an office with twelve workplaces",
        "about service levels for a small shop",
        "because the company is opening a second location",
        "to discuss the renewal of a framework contract",
    ],
    actions: &[
        "took down the requirements for each location",
        "explained response times and fixed addresses",
        "calculated a price for two and for three years",
        "planned a visit by an account manager",
    ],
    solved: &[
        "The offer was accepted and the paperwork is on its way.",
        "A pilot for one location starts in two weeks.",
        "The customer signed for two years.",
    ],
    open: &[
        "The decision is with the management and expected next month.",
        "A competing offer has to be answered first.",
        "The account manager will follow up with a detailed proposal.",
    ],
};

const OUTAGE: &Topic = &Topic {
    name: "outage",
    reasons: &[
        "because the connection had been down since the morning",
        "for the third time this week about short interruptions",
        "because calls were dropped after a few minutes",
        "to report very slow speed in the evenings",
    ],
    actions: &[
        "measured the line and restarted the port",
        "asked for the colours of the lights and a restart of the modem",
        "found a known disturbance in the area",
        "moved the connection to another channel",
    ],
    solved: &[
        "After the restart the connection was stable.",
        "The line was reset and the speed is as agreed again.",
        "The disturbance was solved while the customer was on the line.",
    ],
    open: &[
        "An engineer has to look at the cable in the street.",
        "The cause is unknown; the line will be watched for two days.",
        "The disturbance affects the whole area and a time of repair could not be given.",
    ],
};

const INSTALLATION: &Topic = &Topic {
    name: "installation",
    reasons: &[
        "because the new modem would not connect",
        "to ask where the cable has to be plugged in",
        "because the engineer had not turned up",
        "with questions about wireless coverage on the second floor",
    ],
    actions: &[
        "led the customer through the installation step by step",
        "registered the serial number again",
        "explained where to place the extender",
        "planned a new appointment",
    ],
    solved: &[
        "Everything was working by the end of the call.",
        "The modem is registered and all devices are online.",
        "A new appointment was made for tomorrow morning.",
    ],
    open: &[
        "The modem seems to be broken and will be replaced.",
        "The wall socket has to be checked by an engineer.",
        "The customer will try again at home and call back.",
    ],
};

const DEVICE: &Topic = &Topic {
    name: "device",
    reasons: &[
        "because the set-top box kept restarting",
        "about a phone that could not be activated",
        "to ask for help with moving contacts to a new phone",
        "because the remote control no longer responded",
    ],
    actions: &[
        "had the latest software installed",
        "reset the device to its factory settings",
        "activated the card by hand",
        "checked the warranty",
    ],
    solved: &[
        "The device works and the settings were restored.",
        "The card was active within five minutes.",
        "A replacement was sent free of charge.",
    ],
    open: &[
        "The warranty has expired and the customer did not want to pay for a repair.",
        "The device has to be sent in, which takes ten working days.",
        "The problem could not be reproduced.",
    ],
};

const CANCELLATION: &Topic = &Topic {
    name: "cancellation",
    reasons: &[
        "to cancel because of a cheaper offer elsewhere",
        "to cancel after several outages",
        "because a move abroad is planned",
        "to ask when the contract can be ended",
        "after the price increase of this year",
    ],
    actions: &[
        "asked for the reason and acknowledged the disappointment",
        "offered a discount for the next six months",
        "explained the notice period and the final invoice",
        "compared the offer of the other provider with the current package",
    ],
    solved: &[
        "The customer stays, with a smaller package and a discount.",
        "The cancellation was withdrawn after the new offer.",
        "The cancellation was entered and confirmed by email, as asked.",
    ],
    open: &[
        "The customer insists on cancelling and will write a letter.",
        "The end date is disputed because of the notice period.",
        "The customer wants to speak to a team lead first.",
    ],
};

const RENEWAL: &Topic = &Topic {
    name: "renewal",
    reasons: &[
        "about the contract that ends next month",
        "to ask for a loyalty discount",
        "after being called about a renewal",
        "to find out what changes if nothing is done",
    ],
    actions: &[
        "presented two offers for a renewal",
        "explained that the contract continues monthly otherwise",
        "checked which discounts may be combined",
        "summed up the advantages of the longer term",
    ],
    solved: &[
        "The contract was renewed for a year.",
        "The customer chose two years with a fixed price.",
        "A loyalty discount was granted and the renewal confirmed.",
    ],
    open: &[
        "The customer prefers to stay on a monthly basis for now.",
        "The offer was noted and will be discussed at home.",
        "No agreement on the price was reached.",
    ],
};
